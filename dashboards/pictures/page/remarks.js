// What a reader could not read: text that is cut off, and content that has to be scrolled into view.

const SLACK = 2; // pixels by which a box and its content may differ

/** Return one line for each such place on the board. */
export function remarksOn(board) {
  return [...board.querySelectorAll('[data-panel]')].flatMap((panel) => {
    const elements = [...panel.querySelectorAll('*')];
    const cut = elements.filter(isCutOff).map((element) => `'${element.textContent}' is cut off`);
    const hidden = elements.flatMap(scrolled);
    return [...new Set([...cut, ...hidden])].map((remark) => `${panel.dataset.panel}: ${remark}`);
  });
}

function isCutOff(element) {
  return getComputedStyle(element).textOverflow === 'ellipsis' && element.scrollWidth > element.clientWidth + 1;
}

function scrolled(element) {
  const { overflowX, overflowY } = getComputedStyle(element);
  const sideways = /auto|scroll/.test(overflowX) ? element.scrollWidth - element.clientWidth : 0;
  const down = /auto|scroll/.test(overflowY) ? element.scrollHeight - element.clientHeight : 0;
  return [
    ...(sideways > SLACK ? [`${sideways} px more to the right have to be scrolled to`] : []),
    ...(down > SLACK ? [`${down} px more below have to be scrolled to`] : []),
  ];
}
