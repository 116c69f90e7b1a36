// Asks before something is lost.

import { element } from './dom.js';

/** Resolves to whether the visitor says yes; closing the question says no. */
export function confirmLoss(question: string): Promise<boolean> {
  const dialog = element('confirm', HTMLDialogElement);
  element('confirm-text', HTMLElement).textContent = question;
  const answer = (value: string) => () => dialog.close(value);
  element('confirm-yes', HTMLButtonElement).onclick = answer('yes');
  element('confirm-no', HTMLButtonElement).onclick = answer('no');
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
