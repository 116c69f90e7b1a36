// What stands in the pages before a script fills them in, or where none does.

import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';

it.each([
  ['web/index.html', 'position'],
  ['web/dashboard/index.html', 'folder'],
])('%s says without JavaScript that it needs it, and not that something is under way', (file, progress) => {
  const { document } = parseHTML(readFileSync(file, 'utf8'));
  expect(document.querySelector('noscript')!.textContent).toContain('Allow it for this page, and reload');
  expect(document.getElementById(progress)!.textContent).toBe('');
});
