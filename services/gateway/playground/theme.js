// Light, dark, or as the system has it.

const ORDER = ['system', 'light', 'dark'];
const LABELS = {system: 'as the system', light: 'light', dark: 'dark'};
const STORED = 'tessera-theme';

function stored() {
  try {
    const theme = localStorage.getItem(STORED);
    return ORDER.includes(theme) ? theme : 'system';
  } catch {
    return 'system';  // a browser that keeps nothing
  }
}

function store(theme) {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Holds until the page is left.
  }
}

export function startTheme(button) {
  let theme = stored();
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    button.dataset.theme = theme;
    button.setAttribute('aria-label', `Colours: ${LABELS[theme]}`);
    button.title = `Colours: ${LABELS[theme]}`;
  };
  button.addEventListener('click', () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    store(theme);
    apply();
  });
  apply();
}
