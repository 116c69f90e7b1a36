// Numbers and names for people.

import type { EvaluatedOn, MethodName } from '../../src/train/index.js';

export const METHOD_LABELS: Readonly<Record<MethodName, string>> = {
  dsb: 'DSB',
  ssb: 'SSB',
  rigl: 'RigL',
  set: 'SET',
  dense: 'Dense',
};

/** Of images that a run is evaluated on, where a text begins with them. */
export const IMAGES_LABELS: Readonly<Record<EvaluatedOn, string>> = { test: 'Test', validation: 'Validation' };

export function decimals(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

export function percent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)}%` : '–';
}

/** Three digits: 0.123, 1.23, 12.3, 123, 1,234. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.1))));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function milliseconds(value: number): string {
  return Number.isFinite(value) ? `${threeDigits(value)} ms` : '–';
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** At most three digits: 0, 2.5, 150. */
export function plainNumber(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
