// What training runs on; and where it cannot, why, and what helps.

import type { DeviceFacts } from '../messages.js';
import { element, make } from './dom.js';
import type { Notices } from './notices.js';

const BROWSERS =
  'Chrome and Edge 113, Safari 26 and Firefox 141 or newer have it. Chrome on Linux needs the flag --enable-unsafe-webgpu and a Vulkan driver.';

export class DeviceView {
  private readonly list = element('device', HTMLElement);

  constructor(private readonly notices: Notices) {}

  show({ description, isSoftware, features }: DeviceFacts): void {
    this.fill({
      Adapter: description,
      Kind: isSoftware ? 'software, on the processor' : 'hardware',
      Features: features.join(', ') || 'none',
      Precision: '32-bit floats',
    });
    element('adapter', HTMLElement).textContent = `${isSoftware ? 'Software adapter' : 'Adapter'}: ${description}`;
    if (isSoftware) {
      const text = `No hardware GPU was found: training runs on the processor (${description}), many times slower than on a GPU.`;
      this.notices.show('warning', text);
    }
  }

  /** @param reason what the engine says. */
  showMissing(reason: string): void {
    this.fill({ Adapter: 'none' });
    this.notices.show('error', missingText(reason));
  }

  private fill(facts: Readonly<Record<string, string>>): void {
    this.list.replaceChildren(
      ...Object.entries(facts).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]),
    );
  }
}

function missingText(reason: string): string {
  if (!isSecureContext) {
    return 'WebGPU needs a secure page: open this one by https, or from localhost. Nothing can be trained here.';
  }
  if (!('gpu' in navigator)) return `This browser has no WebGPU, on which training runs. ${BROWSERS}`;
  return `This browser has WebGPU, but offers no GPU: ${reason}`;
}
