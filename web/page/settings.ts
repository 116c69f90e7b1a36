// The form: which run to begin. Fields that a method has no use for are off.

import { dropRules } from '../../src/sparse/index.js';
import { defaultConfig, METHOD_NAMES, type MethodName, methodNamed, type RunConfig } from '../../src/train/index.js';
import { element, make } from './dom.js';
import { percent } from './format.js';

const MODELS = ['lenet5', 'lenet300-100', 'wrn-10-1', 'wrn-16-1'];
const BLOCK_SIZES = [4, 8, 16, 32];
const METHOD_LABELS: Readonly<Record<MethodName, string>> = {
  dsb: 'DSB',
  ssb: 'SSB',
  rigl: 'RigL',
  set: 'SET',
  dense: 'Dense',
};

/** Fields that each kind of method reads. */
const BLOCK_FIELDS = ['blockSize', 'dropRule'];
const UPDATE_FIELDS = ['updateInterval', 'alpha', 'dropRule'];

type Field = HTMLInputElement | HTMLSelectElement;

export class Settings {
  private readonly form = element('settings', HTMLFormElement);
  private readonly fields = element('settings-fields', HTMLFieldSetElement);

  /** @param onChange called when the visitor has changed a setting. */
  constructor(onChange: () => void) {
    fill('model', MODELS);
    fill('method', METHOD_NAMES, (name) => METHOD_LABELS[name as MethodName]);
    fill('blockSize', BLOCK_SIZES.map(String));
    fill('dropRule', Object.keys(dropRules));
    this.show(defaultConfig('mnist'));
    this.form.addEventListener('input', () => {
      this.refresh();
      onChange();
    });
    this.form.addEventListener('submit', (event) => event.preventDefault());
  }

  /** Whether every field is filled in as it should be. */
  get isComplete(): boolean {
    return this.form.checkValidity();
  }

  /** @returns undefined, with the field in question shown, if the form is not complete. */
  read(): RunConfig | undefined {
    if (!this.form.reportValidity()) return undefined;
    const values = Object.fromEntries(
      Object.entries(defaultConfig('mnist')).map(([name, fallback]) => {
        const field = this.field(name);
        if (!field) return [name, fallback];
        return [name, typeof fallback === 'number' ? Number(field.value) : field.value];
      }),
    );
    return values as unknown as RunConfig;
  }

  /** Fills the form in. */
  show(config: RunConfig): void {
    for (const [name, value] of Object.entries(config)) {
      const field = this.field(name);
      if (!field) continue;
      // A run from elsewhere may have a value that the page does not offer.
      const isMissing =
        field instanceof HTMLSelectElement && ![...field.options].some((o) => o.value === String(value));
      if (isMissing) field.append(make('option', { value: String(value) }, String(value)));
      field.value = String(value);
    }
    this.refresh();
  }

  set isLocked(isLocked: boolean) {
    this.fields.disabled = isLocked;
  }

  private refresh(): void {
    const method = methodNamed(this.field('method')!.value);
    const usesBlocks = method.form?.(16).leastColumns === 16;
    this.enable(['sparsity'], method.form !== undefined);
    this.enable(BLOCK_FIELDS, usesBlocks);
    this.enable(UPDATE_FIELDS, method.growth !== undefined);
    this.enable(['dropRule'], usesBlocks && method.growth !== undefined);
    element('method-help', HTMLElement).textContent = method.description;
    element('sparsity-value', HTMLOutputElement).value = percent(Number(this.field('sparsity')!.value), 0);
  }

  private enable(names: readonly string[], isEnabled: boolean): void {
    for (const name of names) this.field(name)!.disabled = !isEnabled;
  }

  private field(name: string): Field | undefined {
    const found = this.form.elements.namedItem(name);
    return found instanceof HTMLInputElement || found instanceof HTMLSelectElement ? found : undefined;
  }
}

function fill(id: string, values: readonly string[], label = (value: string) => value): void {
  const options = values.map((value) => make('option', { value }, label(value)));
  element(id, HTMLSelectElement).append(...options);
}
