// The settings: what the form holds, kept until the tab is closed.

import {addParameterFields, fieldId, requestFields} from './parameters.js';

const STORED = 'tessera-settings';

export class Settings {
  #form;
  #inputs;

  constructor(form) {
    this.#form = form;
    addParameterFields(form.querySelector('#parameters'));
    this.#inputs = [...form.querySelectorAll('input, textarea')];
    this.#load();
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('input', (event) => {
      event.target.removeAttribute('aria-invalid');
      this.#store();
    });
  }

  #field(id) {
    return this.#form.querySelector(`#${id}`).value;
  }

  get system() {
    return this.#field('system').trim();
  }

  get key() {
    return this.#field('key').trim();
  }

  // Fields for a chat request.
  get fields() {
    const named = this.#inputs.filter((input) => input.name);
    return requestFields(Object.fromEntries(named.map((input) => [input.name, input.value])));
  }

  // The first input with a value that no server would take, or null.
  get invalid() {
    return this.#inputs.find((input) => !input.checkValidity()) ?? null;
  }

  // Marks the field that an error names, or a part of it. Returns it, or null.
  mark(param) {
    const [name] = (param ?? '').split(/[.[]/);
    const input = name && this.#form.querySelector(`#${CSS.escape(fieldId(name))}`);
    input?.setAttribute('aria-invalid', 'true');
    return input || null;
  }

  // The parameters as the server has them; prompt and key stay.
  reset() {
    for (const input of this.#inputs.filter((each) => each.name)) {
      input.value = '';
      input.removeAttribute('aria-invalid');
    }
    this.#store();
  }

  #load() {
    try {
      const values = JSON.parse(sessionStorage.getItem(STORED)) ?? {};
      for (const input of this.#inputs) input.value = values[input.id] ?? '';
    } catch {
      // A browser that keeps nothing.
    }
  }

  #store() {
    try {
      sessionStorage.setItem(STORED, JSON.stringify(
          Object.fromEntries(this.#inputs.map((input) => [input.id, input.value]))));
    } catch {
      // Holds until the page is left.
    }
  }
}
