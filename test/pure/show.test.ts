// Values in messages: short, on one line, and never an error of their own.

import { expect, it } from 'vitest';
import { show, showNames } from '../../src/host/show.js';

it.each<[unknown, string]>([
  [undefined, 'none'],
  [null, 'null'],
  [[1, 'a'], '[1,"a"]'],
  [{ toString: 1 }, '{"toString":1}'],
  ['two\nlines', '"two\\nlines"'],
  ['\u001b[31m\u009b\u2028\u202e', '"\\u001b[31m\\u009b\\u2028\\u202e"'],
  ['é 語', '"é 語"'],
  ['x'.repeat(1000), `"${'x'.repeat(100)}..."`],
  [Array(1000).fill(1), `[${'1,'.repeat(49)}1...`],
])('shows %j', (value, text) => expect(show(value)).toBe(text));

it('shows no error where a value is nested deeper than JSON.stringify goes', () => {
  const text = show(JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`));
  expect(text).toBe('something nested too deeply');
});

it('shows the first of many names', () => {
  expect(showNames(['a', 'b\n'])).toBe('"a", "b\\n"');
  const names = Array.from({ length: 400_000 }, (_, i) => `name${i}`);
  expect(showNames(names)).toMatch(/^"name0", .*, "name19" and 399980 others$/);
});
