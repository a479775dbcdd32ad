// The box beside a token that shows what else could have stood there, and what
// drafted it.

import {draftOf, sourceWords} from './token_sources.js';

const MARGIN = 8;

// A token's text with what cannot be seen spelled out.
export function visible(text) {
  if (text === '') return '(end)';
  return text.replaceAll(' ', '\u00b7').replaceAll('\n', '\u21b5').replaceAll('\t', '\u21e5');
}

export function percent(logprob) {
  const share = Math.exp(logprob) * 100;
  if (share >= 99.95 && logprob < 0) return '>99.9%';
  return share < 0.1 ? '<0.1%' : `${share.toFixed(1)}%`;
}

// Rows for one entry of logprobs.content: the likeliest first, and the chosen
// one among them even where it is none of the likeliest.
export function rowsOf(entry) {
  const rows = (entry.top_logprobs ?? []).map((top) => ({...top, chosen: false}));
  const same = rows.find((row) => row.token === entry.token && row.logprob === entry.logprob) ??
      rows.find((row) => row.token === entry.token);
  if (same) {
    same.chosen = true;
  } else {
    rows.push({token: entry.token, logprob: entry.logprob, chosen: true});
  }
  return rows;
}

function cell(className, text) {
  const made = document.createElement('span');
  made.className = className;
  made.textContent = text;
  return made;
}

function rowElement({token, logprob, chosen}) {
  const row = document.createElement('div');
  row.className = chosen ? 'alternative chosen' : 'alternative';
  const bar = cell('share-bar', '');
  bar.style.setProperty('--share', Math.exp(logprob));
  row.append(cell('token-text', visible(token)), bar, cell('share', percent(logprob)));
  if (chosen) row.append(cell('hidden', 'chosen'));
  return row;
}

// None for a token that the model drew by itself.
function originElements(entries) {
  const draft = draftOf(entries);
  return draft === null ? [] : [cell('origin note', sourceWords(draft))];
}

export class AlternativesBox {
  #box;
  #token = null;

  constructor(box) {
    this.#box = box;
    document.addEventListener('scroll', () => this.hide(), {capture: true, passive: true});
  }

  // token: the element; entries: of logprobs.content, one or a character's few.
  show(token, entries) {
    if (this.#token === token) return;
    this.hide();
    this.#token = token;
    token.setAttribute('aria-describedby', this.#box.id);
    token.classList.add('shown');
    this.#box.replaceChildren(...originElements(entries),
        ...entries.flatMap((entry) => rowsOf(entry).map(rowElement)));
    this.#box.hidden = false;
    this.#place(token.getClientRects()[0] ?? token.getBoundingClientRect());
  }

  hide() {
    if (this.#token === null) return;
    this.#token.removeAttribute('aria-describedby');
    this.#token.classList.remove('shown');
    this.#token = null;
    this.#box.hidden = true;
  }

  // Below the token where there is room, and inside the window.
  #place(rect) {
    const {offsetWidth: width, offsetHeight: height} = this.#box;
    const left = Math.min(rect.left, document.documentElement.clientWidth - width - MARGIN);
    const below = rect.bottom + MARGIN;
    const fits = below + height <= document.documentElement.clientHeight;
    this.#box.style.left = `${Math.max(MARGIN, left)}px`;
    this.#box.style.top = `${fits ? below : Math.max(MARGIN, rect.top - height - MARGIN)}px`;
  }
}
