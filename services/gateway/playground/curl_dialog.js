// The box with a request as a command for a shell.

import {curlLine} from './request.js';

// Whether the text is on the clipboard.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;  // not over https or from this machine
  }
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

export class CurlDialog {
  #dialog;
  #line;
  #copy;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#line = dialog.querySelector('#curl-line');
    this.#copy = dialog.querySelector('#copy-curl');
    this.#copy.addEventListener('click', async () => {
      const copied = await copyText(this.#line.textContent);
      if (!copied) select(this.#line);
      this.#copy.textContent = copied ? 'Copied' : 'Selected: copy it';
    });
    dialog.querySelector('#close-curl').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();  // beside the box
    });
  }

  show(url, request, hasKey) {
    this.#line.textContent = curlLine(url, request, hasKey);
    this.#copy.textContent = 'Copy';
    this.#dialog.showModal();
    this.#copy.focus();
  }
}
