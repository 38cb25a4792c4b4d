/** The page's only script: filters the items and opens what a link points at. The page is whole without it. */
export const filterScript = `'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const entries = [...document.querySelectorAll('#items > .q')].map((node) => ({
    node, results: [...node.querySelectorAll('.a')], text: undefined,
  }));
  const total = entries.reduce((sum, entry) => sum + entry.results.length, 0);
  function apply() {
    const [b, s, d, v] = ['f-b', 'f-s', 'f-d', 'f-v'].map((id) => byId(id).value);
    const words = byId('f-t').value.trim().toLowerCase();
    let shown = 0;
    for (const entry of entries) {
      let any = false;
      const here = b === '' || entry.node.dataset.b === b;
      if (here && words !== '') entry.text ??= entry.node.textContent.toLowerCase();
      const read = here && (words === '' || entry.text.includes(words));
      for (const result of entry.results) {
        const { s: system, d: driver, v: verdict } = result.dataset;
        const fits = read && (s === '' || system === s) && (d === '' || driver === d) && (v === '' || verdict === v);
        result.hidden = !fits;
        if (fits) { any = true; shown += 1; }
      }
      entry.node.hidden = !any;
    }
    byId('f-n').textContent = shown.toLocaleString('en-US') + ' of ' + total.toLocaleString('en-US') + ' results';
  }
  function openTarget() {
    const target = location.hash && byId(location.hash.slice(1));
    for (let node = target; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
    if (target) target.scrollIntoView();
  }
  let timer;
  byId('filters').addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(apply, 120); });
  byId('filters').addEventListener('submit', (event) => event.preventDefault());
  byId('filters').hidden = false;
  addEventListener('hashchange', openTarget);
  apply();
  openTarget();
})();
`;
