# Reads are looked up whatever they carry; the whole Authorization is in the hash.
vcl 4.1;
backend connect { .host = "127.0.0.1"; .port = "@{origin_port}"; }
sub vcl_recv {
  if (req.method != "GET" && req.method != "HEAD") { return (pass); }
  return (hash);
}
sub vcl_hash {
  hash_data(req.url);
  hash_data(req.http.Authorization);
  return (lookup);
}
sub vcl_backend_response {
  if (beresp.status == 200) { set beresp.ttl = 6h; set beresp.grace = 4h; } else { set beresp.uncacheable = true; }
  return (deliver);
}
sub vcl_deliver {
  if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
}
