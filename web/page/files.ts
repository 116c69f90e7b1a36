// Checkpoints in and out: the file dialog, files dropped on the page, and downloads.

import type { Request } from '../messages.js';
import { element, make } from './dom.js';

export function installFiles(ask: (request: Request) => void, refuse: (text: string) => void): void {
  const input = element('checkpoint', HTMLInputElement);
  element('open', HTMLButtonElement).addEventListener('click', () => input.click());
  element('save', HTMLButtonElement).addEventListener('click', () => ask({ type: 'export' }));
  const open = (files: readonly File[]) => {
    const [file, ...others] = files;
    if (others.length > 0)
      refuse(`Expected one checkpoint, got ${files.length} files: ${file.name}, ${others[0].name} …`);
    else if (file) ask({ type: 'import', file });
  };
  input.addEventListener('change', () => {
    open([...(input.files ?? [])]);
    input.value = ''; // So that the same file can be chosen again.
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    open([...(event.dataTransfer?.files ?? [])]);
  });
}

export function download(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // The download has begun by then.
}
