// Cuts an answer's text into its tokens.
//
// A chunk brings text and tokens, but not always those of one another: text is
// held back while a character is incomplete or while it may become a stop
// string, and several tokens can make one character. The text is what counts:
// whatever does not fit becomes a segment without tokens.

const utf8 = new TextEncoder();

function bytesOf(token) {
  return token.bytes ?? Array.from(utf8.encode(token.token));
}

// The text of the bytes, or null where the last character is incomplete.
function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(new Uint8Array(bytes));
  } catch {
    return null;
  }
}

const MAX_CHARACTER_BYTES = 4;

export class TokenText {
  #text = '';     // not yet in a segment
  #tokens = [];   // not yet in a segment

  // `tokens`: entries of logprobs.content. Returns the segments that are
  // complete, [{text, tokens}]: one token each, or the tokens of one character.
  add(text, tokens) {
    this.#text += text;
    this.#tokens.push(...tokens);
    const segments = [];
    while (this.#tokens.length > 0) {
      const group = this.#firstGroup();
      if (group === null) return segments;
      if (group.text !== '' && this.#text !== group.text && group.text.startsWith(this.#text)) {
        return segments;  // the rest of it is held back
      }
      if (!this.#text.startsWith(group.text)) {
        segments.push(...this.#plain());
        this.#tokens = [];
        return segments;
      }
      this.#text = this.#text.slice(group.text.length);
      this.#tokens.splice(0, group.tokens.length);
      if (group.text !== '') segments.push(group);
    }
    // With no tokens asked for, text comes alone.
    if (tokens.length === 0) segments.push(...this.#plain());
    return segments;
  }

  // What is left when the answer is over.
  finish() {
    const [group] = this.#tokens.length > 0 && this.#text !== '' ? [this.#firstGroup()] : [];
    if (!group || !group.text.startsWith(this.#text)) return this.#plain();
    const segment = {text: this.#text, tokens: group.tokens};  // a stop string cut it
    this.#text = '';
    return [segment];
  }

  // The fewest first tokens that are whole characters; null: more are to come.
  #firstGroup() {
    const bytes = [];
    for (const [index, token] of this.#tokens.entries()) {
      bytes.push(...bytesOf(token));
      const text = decoded(bytes);
      const tokens = this.#tokens.slice(0, index + 1);
      if (text !== null) return {text, tokens};
      if (index + 1 === MAX_CHARACTER_BYTES) {
        return {text: new TextDecoder().decode(new Uint8Array(bytes)), tokens};
      }
    }
    return null;
  }

  #plain() {
    const text = this.#text;
    this.#text = '';
    return text === '' ? [] : [{text, tokens: []}];
  }
}
