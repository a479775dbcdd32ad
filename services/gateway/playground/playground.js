// The page: connects its parts. See index.html for what they are.

import {AlternativesBox} from './alternatives.js';
import {address} from './api.js';
import {Chat} from './chat.js';
import {CurlDialog, copyText} from './curl_dialog.js';
import {ServerState} from './server_state.js';
import {Settings} from './settings.js';
import {startTheme} from './theme.js';

const EXAMPLES = [
  'Why is the sky blue? Answer in two sentences.',
  'Write a short poem about the sea.',
  'Explain recursion to a ten-year-old.',
];

const NEAR_END_PX = 80;

function $(id) {
  return document.getElementById(id);
}

const settings = new Settings($('settings-form'));
const server = new ServerState(() => settings.key, showServer);
const alternatives = new AlternativesBox($('alternatives'));
const curlDialog = new CurlDialog($('curl'));
const chat = new Chat($('conversation'), settings, {
  model: () => server.models[0] ?? 'default',
  changed: showChat,
  grew: followEnd,
  failed: showFailure,
  curl: (request) => curlDialog.show(address('v1/chat/completions'), request, settings.key !== ''),
  copy: async (text) => say(await copyText(text) ? 'Copied' : 'The browser did not let it be copied'),
  alternatives,
});

function say(words) {
  $('status').textContent = words;
}

// --- the server ---

function showServer() {
  $('server').dataset.state = server.state;
  $('server-state').textContent = server.words;
  $('model').textContent = server.models[0] ?? '';
  if (server.models[0]) document.title = `${server.models[0]} \u00b7 Tessera`;
}

// --- the conversation ---

const ENDED = {
  stop: 'Answer complete', length: 'Answer cut at the length', stopped: 'Stopped', failed: 'No answer',
};

// reason: why an answer has just ended; absent: none has.
function showChat(reason) {
  $('welcome').hidden = !chat.empty;
  $('send').hidden = chat.busy;
  $('stop').hidden = !chat.busy;
  document.body.classList.toggle('busy', chat.busy);
  say(chat.busy ? 'Answering' : ENDED[reason] ?? '');
}

let following = true;

// Keeps the end in sight, unless the person scrolled away from it.
function followEnd(always = false) {
  following ||= always;
  if (following) $('scroll').scrollTop = $('scroll').scrollHeight;
}

$('scroll').addEventListener('scroll', () => {
  const {scrollTop, scrollHeight, clientHeight} = $('scroll');
  following = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
}, {passive: true});

function showFailure(error) {
  if (error.status === 401) {
    openSettings(true);
    $('key').focus();
  }
  settings.mark(error.param);
  server.poll();
}

// --- the composer ---

const message = $('message');

function fitMessage() {
  message.style.height = 'auto';
  message.style.height = `${message.scrollHeight}px`;
}

function send(text) {
  if (chat.busy || text === '') return;
  if (settings.invalid) {
    openSettings(true);
    settings.invalid.reportValidity();
    return;
  }
  chat.ask(text);
}

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (chat.busy || text === '') return;
  send(text);
  if (!chat.busy) return;  // refused: the text stays
  message.value = '';
  fitMessage();
});

message.addEventListener('input', fitMessage);
message.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});

$('stop').addEventListener('click', () => {
  chat.stop();
  message.focus();
});

$('clear').addEventListener('click', () => {
  chat.clear();
  message.focus();
});

for (const text of EXAMPLES) {
  const button = Object.assign(document.createElement('button'), {type: 'button', textContent: text});
  button.addEventListener('click', () => {
    send(text);
    message.focus();
  });
  const item = document.createElement('li');
  item.append(button);
  $('examples').append(item);
}

// --- the settings ---

const narrow = matchMedia('(max-width: 60rem)');

function openSettings(open) {
  $('settings').classList.toggle('open', open);
  $('toggle-settings').setAttribute('aria-expanded', String(open));
}

function closeSettings() {
  openSettings(false);
  $('toggle-settings').focus();
}

$('toggle-settings').addEventListener('click', () => {
  const open = !$('settings').classList.contains('open');
  openSettings(open);
  if (open && narrow.matches) $('close-settings').focus();
});
$('close-settings').addEventListener('click', closeSettings);
$('reset').addEventListener('click', () => settings.reset());
$('show-curl').addEventListener('click', () =>
  curlDialog.show(address('v1/chat/completions'), chat.request(message.value.trim()), settings.key !== ''));
$('key').addEventListener('change', () => server.poll());

// --- keys of the whole page ---

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || $('curl').open) return;
  alternatives.hide();
  if (narrow.matches && $('settings').classList.contains('open')) {
    closeSettings();
  } else {
    chat.stop();
  }
});

startTheme($('theme'));
openSettings(!narrow.matches);
showChat();
server.poll();
message.focus();
