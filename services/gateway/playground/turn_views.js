// How a turn of the conversation looks: a question, or an answer.

import {PromptView} from './prompt_view.js';
import {draftOf, Legend, mark} from './token_sources.js';
import {TokenText} from './token_text.js';

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function button(text, onClick) {
  const made = element('button', 'quiet small', text);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

// What the person wrote. actions: {edit(view, text)}.
export class QuestionView {
  #actions;
  #text;
  #edit;

  constructor(text, actions) {
    this.#actions = actions;
    this.#text = element('div', 'text', text);
    this.#edit = button('Edit', () => this.#startEditing());
    this.root = element('li', 'turn question', element('h3', 'hidden', 'You'), this.#text,
        element('div', 'below', element('div', 'buttons', this.#edit)));
  }

  #startEditing() {
    const input = element('textarea', 'editor');
    input.value = this.#text.textContent;
    input.setAttribute('aria-label', 'Edit the message');
    const close = () => {
      form.replaceWith(this.#text);
      this.#edit.hidden = false;
      this.#edit.focus();
    };
    const save = button('Ask again', () => {
      const text = input.value.trim();
      close();
      if (text !== '') this.#actions.edit(this, text);
    });
    const form = element('div', 'editing', input,
        element('div', 'buttons', save, button('Cancel', close)));
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        close();
      } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing &&
                 event.target === input) {
        event.preventDefault();
        save.click();
      }
    });
    this.#text.replaceWith(form);
    this.#edit.hidden = true;
    input.focus();
  }

  set text(text) {
    this.#text.textContent = text;
  }
}

// What the model says, a span a token.
// actions: {regenerate(view), curl(view), promptTexts(), copy(text), alternatives}.
export class AnswerView {
  text = '';
  #actions;
  #text;
  #figures;
  #buttons;
  #regenerate;
  #tokens = new TokenText();
  #legend = new Legend();
  #prompt;
  #queue = [];
  #entries = new WeakMap();  // a token's element -> its entries of logprobs.content

  constructor(actions) {
    this.#actions = actions;
    this.#text = element('div', 'text');
    this.#text.setAttribute('role', 'group');
    this.#figures = element('p', 'figures');
    this.#regenerate = button('Regenerate', () => actions.regenerate(this));
    this.#buttons = element('div', 'buttons', button('Copy', () => actions.copy(this.text)),
        this.#regenerate, button('curl', () => actions.curl(this)));
    this.#prompt = new PromptView(actions.promptTexts);
    this.#buttons.append(this.#prompt.button);
    this.root = element('li', 'turn answer', element('h3', 'hidden', 'Model'), this.#text,
        this.#legend.root, element('div', 'below', this.#figures, this.#buttons),
        this.#prompt.panel);
    this.root.setAttribute('aria-busy', 'true');
    this.#listen();
  }

  // A chunk's text and entries of logprobs.content; flush() shows them.
  add(text, entries) {
    this.text += text;
    this.#queue.push(...this.#tokens.add(text, entries));
  }

  flush() {
    this.#text.append(...this.#queue.map((segment) => this.#span(segment)));
    this.#queue = [];
  }

  // figures: of AnswerFigures.summary().
  showFigures(figures) {
    this.#figures.replaceChildren(...figures.map(({text, title}) => {
      const made = element('span', '', text);
      made.title = title;
      return made;
    }));
  }

  // Of the prompt's tokens.
  set numCached(count) {
    this.#prompt.numCached = count;
  }

  // note: why it ended, where that is worth saying.
  finish(note) {
    this.#queue.push(...this.#tokens.finish());
    this.flush();
    this.root.removeAttribute('aria-busy');
    this.#firstToken()?.setAttribute('tabindex', '0');
    if (this.#firstToken()) {
      this.#text.setAttribute('aria-label', 'Answer; the arrow keys go from token to token');
    }
    if (note) this.#figures.append(element('span', 'note', note));
  }

  showError(error) {
    const words = element('p', '', error.message);
    const kind = [error.status ? `status ${error.status}` : '', error.type,
      error.param ? `field ${error.param}` : '',
      error.retryAfter ? `try again in ${error.retryAfter} s` : ''].filter(Boolean).join(' \u00b7 ');
    const box = element('div', 'error', words);
    if (kind) box.append(element('p', 'note', kind));
    box.setAttribute('role', 'alert');
    this.#text.after(box);
    this.#regenerate.textContent = 'Try again';
  }

  #span({text, tokens}) {
    const made = element('span', tokens.length > 0 ? 'token' : '', text);
    if (tokens.length > 0) {
      made.tabIndex = -1;
      this.#entries.set(made, tokens);
    }
    const draft = draftOf(tokens);
    if (draft !== null) {
      mark(made, draft);
      this.#legend.add(draft);
    }
    return made;
  }

  #firstToken() {
    return this.#text.querySelector('.token');
  }

  #listen() {
    const show = (event) => {
      const entries = this.#entries.get(event.target);
      if (entries) this.#actions.alternatives.show(event.target, entries);
    };
    const hide = () => this.#actions.alternatives.hide();
    this.#text.addEventListener('mouseover', show);
    this.#text.addEventListener('mouseout', hide);
    this.#text.addEventListener('click', show);
    this.#text.addEventListener('focusin', show);
    this.#text.addEventListener('focusout', hide);
    this.#text.addEventListener('keydown', (event) => this.#walk(event));
  }

  // One token of an answer takes part in the order of Tab; arrows move it.
  #walk(event) {
    const tokens = [...this.#text.querySelectorAll('.token')];
    const at = tokens.indexOf(event.target);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1}[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = tokens[Math.min(Math.max(to, 0), tokens.length - 1)];
    tokens[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
