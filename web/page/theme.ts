// Light and dark: as the system has it until the visitor chooses, and then as chosen.

type Theme = 'light' | 'dark';

const KEY = 'shuffleblock.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** A colour of style/tokens.css as it is now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The same as red, green and blue. @throws unless it is written as #rrggbb. */
export function rgb(name: string): readonly [number, number, number] {
  const [, ...parts] = /^#(..)(..)(..)$/.exec(colour(name)) ?? [];
  if (parts.length !== 3) throw new Error(`${name}: expected #rrggbb, got ${colour(name)}`);
  const [red, green, blue] = parts.map((part) => Number.parseInt(part, 16));
  return [red, green, blue];
}

/**
 * @param button switches to the other theme.
 * @param onChange called after each change.
 */
export function installTheme(button: HTMLButtonElement, onChange: () => void): void {
  const apply = () => {
    const theme = chosenTheme() ?? (system.matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === 'dark' ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Use ${theme === 'dark' ? 'light' : 'dark'} colours`);
    onChange();
  };
  button.addEventListener('click', () => {
    store(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}

function chosenTheme(): Theme | undefined {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : undefined;
  } catch {
    return undefined; // Storage is refused to this page: the system's theme it is.
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice holds for this visit.
    document.documentElement.dataset.theme = theme;
  }
}
