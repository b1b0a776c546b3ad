'use strict';
// Search, lines of a box, and details on the spot. Without this script the page reads the same, by its links.

const by = id => document.getElementById(id);

// ---- search: every word must occur in the name or in what stands beside it ----

const index = JSON.parse(by('index').textContent);
const MOST = 40;

function matches(words) {
  const found = [];
  for (const entry of index) {
    const name = entry[1].toLowerCase(), all = name + ' ' + (entry[0] + ' ' + entry[2]).toLowerCase();
    if (!words.every(w => all.includes(w))) continue;
    const at = name.indexOf(words[0]);
    const kind = entry[0] === 'instance' ? 0 : entry[0] === 'left out' ? 6 : 1; // what is not there comes last
    found.push({ entry, rank: kind + (at === 0 ? 0 : at > 0 ? 2 : 4) });
  }
  return found.sort((a, b) => a.rank - b.rank); // stable: as they stand on the page
}

function result({ entry: [kind, name, text, anchor] }) {
  const item = document.createElement('li'), link = document.createElement('a'), more = document.createElement('small');
  link.href = '#' + anchor;
  link.textContent = name;
  more.textContent = ' ' + kind + (text ? ', ' + text : '');
  item.append(link, more);
  return item;
}

function clear() {
  by('words').value = '';
  search();
}

function search() {
  const words = by('words').value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? matches(words) : [];
  by('found').textContent = !words.length ? '' : found.length > MOST ? `${found.length} found, ${MOST} shown` : `${found.length} found`;
  by('results').replaceChildren(...found.slice(0, MOST).map(result));
}

by('search').hidden = false;
by('words').addEventListener('input', search);
by('search').addEventListener('keydown', e => {
  if (e.key === 'Escape') { clear(); by('words').focus(); }
  if (e.key === 'Enter' && e.target === by('words')) by('results').querySelector('a')?.click();
});

by('results').addEventListener('click', e => { if (e.target.closest('a')) clear(); }); // they would hide what was looked for

// ---- what a link leads to is shown, also within what is folded ----

function unfold() {
  const target = location.hash && by(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  let folded = false;
  for (let e = target; (e = e.closest('details:not([open])')); e = e.parentElement) folded = e.open = true;
  if (folded) target.scrollIntoView();
}
addEventListener('hashchange', unfold);
addEventListener('beforeprint', () => document.querySelectorAll('article details').forEach(d => { d.open = true; }));
unfold();

// ---- the graph ----

const lines = [...document.querySelectorAll('#graph-svg .line')];

// Lines from a box: its own, and of each trunk that they join the rest of the way. Lines to it: all.
function lit(box) {
  const from = lines.filter(l => l.dataset.from === box), reached = new Map();
  for (const l of from) reached.set(l.dataset.to, Number(l.dataset.layer));
  return lines.filter(l => from.includes(l) || l.dataset.to === box ||
    (!l.dataset.from && reached.has(l.dataset.to) && Number(l.dataset.layer) > reached.get(l.dataset.to)));
}

function light(box) {
  const on = box === null ? [] : lit(box);
  for (const l of lines) l.classList.toggle('lit', on.includes(l));
}

function show(link) {
  const target = by(link.hash.slice(1)), copy = target.cloneNode(true);
  copy.removeAttribute('id');
  copy.querySelectorAll('[id]').forEach(e => e.removeAttribute('id'));
  by('details').lastElementChild.replaceChildren(copy);
  by('details').showModal();
}

const drawing = document.querySelector('.drawing'), root = document.querySelector('.box.root').getBBox();
drawing.scrollLeft = root.x + root.width / 2 - drawing.clientWidth / 2;

for (const box of document.querySelectorAll('[data-box]')) {
  const id = box.dataset.box;
  for (const on of ['mouseenter', 'focusin']) box.addEventListener(on, () => light(id));
  for (const off of ['mouseleave', 'focusout']) box.addEventListener(off, () => light(null));
}
document.addEventListener('click', e => {
  const link = e.target.closest('.box a');
  if (link) { e.preventDefault(); show({ hash: link.getAttribute('href') }); }
  else if (e.target.closest('dialog a[href]')) by('details').close();
});
