// Where tokens came from: drafts by their source, and the cache. On the page
// each has a colour, a kind of line under the text, and words.

const WORDS = {
  text: 'drafted from the conversation',
  prediction: 'drafted from the prediction',
  draft_model: 'drafted by the draft model',
  other: 'drafted',
  cached: 'cached',
};

const SHORT_WORDS = {text: 'conversation', prediction: 'prediction', draft_model: 'draft model'};

export function sourceWords(source) {
  return WORDS[source] ?? WORDS.other;
}

export function shortSourceWords(source) {
  return SHORT_WORDS[source] ?? 'other';
}

// The entries of logprobs.content, each with its token's source where the chunk
// says it of all of them.
export function withSources(entries, sources) {
  if (sources?.length !== entries.length) return entries;
  return entries.map((entry, index) => ({...entry, source: sources[index]}));
}

// Of a segment of text: its tokens' first draft; null where the model drew them
// all by itself.
export function draftOf(tokens) {
  const draft = tokens.find(({source}) => source && source !== 'target')?.source;
  if (draft === undefined) return null;
  return draft in WORDS ? draft : 'other';
}

// Marks text in the element as tokens of that source.
export function mark(element, source) {
  element.classList.add('marked');
  element.dataset.source = source;
  return element;
}

// The source's words, marked as its tokens are.
export function sample(source) {
  const made = document.createElement('span');
  made.textContent = sourceWords(source);
  return mark(made, source);
}

// What the marks in an answer mean: a list of the sources that it has.
export class Legend {
  #shown = new Set();

  constructor() {
    this.root = document.createElement('ul');
    this.root.className = 'legend';
    this.root.setAttribute('aria-label', 'What the marks mean');
    this.root.hidden = true;
  }

  add(source) {
    if (this.#shown.has(source)) return;
    this.#shown.add(source);
    const item = document.createElement('li');
    item.append(sample(source));
    this.root.append(item);
    this.root.hidden = false;
  }
}
