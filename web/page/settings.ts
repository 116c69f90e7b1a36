// The form: which run to make. Fields that a method has no use for are off.

import { dropRules } from '../../src/sparse/index.js';
import { defaultConfig, METHOD_NAMES, type MethodName, methodNamed, type RunConfig } from '../../src/train/index.js';
import { DATA_CHOICES, type DataChoice } from './data_choices.js';
import { element, make } from './dom.js';
import { METHOD_LABELS, percent } from './format.js';
import type { Choice, SettingsForm } from './plan.js';

const BLOCK_SIZES = ['4', '8', '16', '32'];
/** What stays as it is when other data are chosen; all else follows from their recipe. */
const OWN_CHOICES = ['method', 'sparsity', 'blockSize', 'dropRule', 'seed'];

type Field = HTMLInputElement | HTMLSelectElement;

export class Settings implements SettingsForm {
  private readonly form = element('settings', HTMLFormElement);
  private readonly fields = element('settings-fields', HTMLFieldSetElement);
  private readonly lockLine = element('settings-lock', HTMLElement);
  private readonly data = element('data', HTMLSelectElement);
  private readonly files = element('files', HTMLInputElement);

  /** @param onChange called when the visitor has changed a setting. */
  constructor(onChange: () => void) {
    fill(this.data, Object.keys(DATA_CHOICES), (name) => DATA_CHOICES[name].label);
    fill(element('method', HTMLSelectElement), METHOD_NAMES, (name) => METHOD_LABELS[name as MethodName]);
    fill(element('blockSize', HTMLSelectElement), BLOCK_SIZES);
    fill(element('dropRule', HTMLSelectElement), Object.keys(dropRules));
    this.followData();
    this.write(defaultConfig(this.choice.dataSet));
    this.data.addEventListener('input', () => this.changeData());
    this.form.addEventListener('input', () => {
      this.refresh();
      onChange();
    });
    this.form.addEventListener('submit', (event) => event.preventDefault());
  }

  get isComplete(): boolean {
    return this.form.checkValidity();
  }

  read(): Choice | undefined {
    const wrong = this.form.querySelector(':invalid:not(fieldset)');
    wrong?.closest('details')?.setAttribute('open', '');
    if (!this.form.reportValidity()) return undefined;
    const values = Object.entries(defaultConfig(this.choice.dataSet)).map(([name, fallback]) => {
      const field = this.field(name);
      if (!field) return [name, fallback];
      return [name, typeof fallback === 'number' ? Number(field.value) : field.value];
    });
    const files = this.choice.files === undefined ? [] : [...(this.files.files ?? [])];
    return { config: Object.fromEntries(values) as RunConfig, files };
  }

  show(config: RunConfig): void {
    if (config.dataSet !== this.choice.dataSet) this.chooseData(config.dataSet);
    this.write(config);
  }

  /** A run waits for files of this data set. */
  askForFiles(dataSet: string): void {
    this.chooseData(dataSet, true);
    this.write(defaultConfig(dataSet));
    this.files.focus();
  }

  /** Said aloud only where it is news. */
  set lock(reason: string) {
    this.fields.disabled = reason !== '';
    if (this.lockLine.textContent !== reason) this.lockLine.textContent = reason;
  }

  private get choice(): DataChoice {
    return DATA_CHOICES[this.data.value];
  }

  private chooseData(dataSet: string, fromFiles = false): void {
    const suits = (choice: DataChoice) => choice.dataSet === dataSet && (!fromFiles || choice.files !== undefined);
    const found = Object.keys(DATA_CHOICES).find((name) => suits(DATA_CHOICES[name]));
    if (found === undefined) return;
    this.data.value = found;
    this.followData();
  }

  private changeData(): void {
    this.followData();
    const recipe = Object.entries(defaultConfig(this.choice.dataSet)).filter(([name]) => !OWN_CHOICES.includes(name));
    this.write(Object.fromEntries(recipe));
  }

  /** Networks and files to choose from. */
  private followData(): void {
    const { models, files } = this.choice;
    fill(element('model', HTMLSelectElement), models);
    element('files-field', HTMLElement).hidden = files === undefined;
    element('files-help', HTMLElement).textContent = files ?? '';
    this.files.required = files !== undefined;
    this.files.value = '';
  }

  private write(values: Partial<RunConfig>): void {
    for (const [name, value] of Object.entries(values)) {
      const field = this.field(name);
      if (!field) continue;
      if (field instanceof HTMLSelectElement) offer(field, String(value));
      field.value = String(value);
    }
    this.refresh();
  }

  private refresh(): void {
    const method = methodNamed(this.field('method')!.value);
    const usesBlocks = method.form !== undefined && method.form(16).leastColumns > 1;
    const isDynamic = method.growth !== undefined;
    const isUsed = {
      sparsity: method.form !== undefined,
      blockSize: usesBlocks,
      dropRule: usesBlocks && isDynamic,
      updateInterval: isDynamic,
      alpha: isDynamic,
    };
    for (const [name, isOn] of Object.entries(isUsed)) this.field(name)!.disabled = !isOn;
    element('method-help', HTMLElement).textContent = method.description;
    element('sparsity-value', HTMLOutputElement).value = percent(Number(this.field('sparsity')!.value), 0);
  }

  private field(name: string): Field | undefined {
    const found = this.form.elements.namedItem(name);
    return found instanceof HTMLInputElement || found instanceof HTMLSelectElement ? found : undefined;
  }
}

function fill(select: HTMLSelectElement, values: readonly string[], label = (value: string) => value): void {
  select.replaceChildren(...values.map((value) => make('option', { value }, label(value))));
}

/** A run from elsewhere may have a value that the page does not offer by itself. */
function offer(select: HTMLSelectElement, value: string): void {
  if (![...select.options].some((option) => option.value === value)) select.append(make('option', { value }, value));
}
