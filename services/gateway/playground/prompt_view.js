// An answer's prompt, token by token, behind a button: which tokens the server
// had computed before.

import {mark, sample} from './token_sources.js';

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

export class PromptView {
  numCached = null;  // of the prompt's tokens, the first ones; null: not known
  #load;

  // load(): a promise of the texts of the prompt's tokens.
  constructor(load) {
    this.#load = load;
    this.panel = element('div', 'prompt');
    this.panel.hidden = true;
    this.button = element('button', 'quiet small', 'Prompt');
    this.button.type = 'button';
    this.button.title = 'The prompt\u2019s tokens, and which of them were cached';
    this.button.setAttribute('aria-expanded', 'false');
    this.button.addEventListener('click', () => this.#toggle());
  }

  #toggle() {
    const open = this.panel.hidden;
    this.panel.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (open && this.panel.childElementCount === 0) this.#fill();
  }

  async #fill() {
    const caption = element('p', 'note', 'Asking for the tokens');
    this.panel.replaceChildren(caption);
    try {
      this.#show(caption, await this.#load());
    } catch (error) {
      // No element: opened again, it asks again.
      this.panel.replaceChildren(`The tokens did not come: ${error.message}`);
    }
    this.panel.scrollIntoView({block: 'nearest'});
  }

  #show(caption, texts) {
    const numCached = Math.min(this.numCached ?? 0, texts.length);
    caption.textContent = `${texts.length} tokens`;
    if (this.numCached === 0) caption.append(', none of them cached');
    if (numCached > 0) caption.append(`, the first ${numCached} of them `, sample('cached'));
    const tokens = texts.map((text, index) => {
      const made = element('span', 'prompt-token', text);
      return index < numCached ? mark(made, 'cached') : made;
    });
    const text = element('div', 'prompt-text', ...tokens);
    text.tabIndex = 0;  // the keys scroll a long one
    text.setAttribute('role', 'group');
    text.setAttribute('aria-label', 'The prompt\u2019s tokens');
    this.panel.append(text);
  }
}
