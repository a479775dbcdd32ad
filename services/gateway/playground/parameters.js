// The request's parameters as fields of a form. A field left empty is left out
// of the request: the server's own default holds.

const PARAMETERS = [
  {name: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.05, usual: '1', hint: '0: the likeliest token'},
  {name: 'top_p', label: 'Top p', min: 0.01, max: 1, step: 0.01, usual: '1', hint: 'Likeliest tokens up to this probability'},
  {name: 'top_k', label: 'Top k', min: 0, step: 1, usual: 'all', hint: 'So many of the likeliest tokens'},
  {name: 'min_p', label: 'Min p', min: 0, max: 1, step: 0.01, usual: '0', hint: 'Tokens above this share of the likeliest'},
  {name: 'max_tokens', label: 'Max tokens', min: 1, step: 1, usual: 'to the end', hint: 'Longest answer'},
  {name: 'seed', label: 'Seed', min: 0, step: 1, usual: 'random', hint: 'Same seed, same answer'},
  {name: 'frequency_penalty', label: 'Frequency penalty', min: -2, max: 2, step: 0.1, usual: '0', hint: 'By how often a token was used'},
  {name: 'presence_penalty', label: 'Presence penalty', min: -2, max: 2, step: 0.1, usual: '0', hint: 'For a token used at all'},
  {name: 'repetition_penalty', label: 'Repetition penalty', min: 0.05, max: 100, step: 0.05, usual: '1', hint: 'Of prompt and answer'},
  {name: 'top_logprobs', label: 'Alternatives', min: 0, max: 20, step: 1, usual: '5', hint: 'Shown beside each token'},
];

const DEFAULT_ALTERNATIVES = 5;

export function fieldId(name) {
  return `parameter-${name}`;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function numberField(parameter) {
  const id = fieldId(parameter.name);
  const input = element('input', {
    id, name: parameter.name, type: 'number', min: parameter.min,
    max: parameter.max ?? '', placeholder: parameter.usual,
    // The step is for the arrows; any value in the range is good.
    step: parameter.step === 1 ? 1 : 'any', inputMode: 'decimal',
  });
  const hint = element('p', {id: `${id}-hint`, className: 'note', textContent: parameter.hint});
  input.setAttribute('aria-describedby', hint.id);
  return element('div', {className: 'field'},
      element('label', {htmlFor: id, textContent: parameter.label}), input, hint);
}

function textField(name, label, rows, hintText) {
  const id = fieldId(name);
  const input = element('textarea', {id, name, rows, placeholder: 'none', spellcheck: false});
  const hint = element('p', {id: `${id}-hint`, className: 'note', textContent: hintText});
  input.setAttribute('aria-describedby', hint.id);
  return element('div', {className: 'field wide'},
      element('label', {htmlFor: id, textContent: label}), input, hint);
}

// Adds the fields to the fieldset.
export function addParameterFields(fieldset) {
  fieldset.append(...PARAMETERS.map(numberField),
      textField('stop', 'Stop strings', 1, 'Ends the answer; one a line, \\n for a new line'),
      textField('prediction', 'Prediction', 3,
          'What the answer will probably say: drafts come from it, and the answer stays the same'));
}

// Stop strings as the field has them: one a line, \n and \t spelled out.
export function stopStrings(text) {
  return text.split('\n').filter((line) => line !== '').map((line) =>
    line.replace(/\\([nt\\])/g, (_, letter) => ({n: '\n', t: '\t', '\\': '\\'})[letter]));
}

// {field: value} of a chat request, from {field: text of its input}.
export function requestFields(texts) {
  const fields = {};
  for (const {name} of PARAMETERS) {
    const text = (texts[name] ?? '').trim();
    if (text !== '') fields[name] = Number(text);
  }
  const {top_logprobs: alternatives = DEFAULT_ALTERNATIVES, ...rest} = fields;
  if (alternatives > 0) Object.assign(rest, {logprobs: true, top_logprobs: alternatives});
  const stop = stopStrings(texts.stop ?? '');
  if (stop.length > 0) rest.stop = stop;
  if (texts.prediction) rest.prediction = {type: 'content', content: texts.prediction};
  return rest;
}
