// The browser of the browser tier: the headless Chromium of the development dependency `@sparticuz/chromium`, which brings
// the libraries, the fonts and the software GPU that a bare machine lacks. Elsewhere: the one that playwright installs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PackageMissingError, unpackPackaged } from '../../src/device/dawn/packaged_archive.node.js';

interface LaunchOptions {
  executablePath?: string;
  args: string[];
  env?: Record<string, string>;
}

const ARGS = [
  '--enable-unsafe-webgpu',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Launch options for playwright's chromium: the browser that the environment variable CHROMIUM names, else the packaged one. Where there
 * is none, `npx playwright install chromium` brings one.
 */
export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  if (process.env.CHROMIUM) return { executablePath: process.env.CHROMIUM, args: ARGS };
  let folder: string;
  try {
    const archives = ['chromium.br', 'swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br'];
    folder = await unpackPackaged('chromium', archives);
  } catch (error) {
    if (error instanceof PackageMissingError) return { args: ARGS };
    throw error;
  }
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    executablePath: join(folder, 'chromium'),
    args: ARGS,
    env: {
      ...Object.fromEntries(environment),
      LD_LIBRARY_PATH: join(folder, 'lib'),
      LANG: 'en_GB.UTF-8', // Under C, pages get a language that Intl refuses.
      FONTCONFIG_FILE: fontConfiguration(folder),
    },
  };
}

/** The package's own configuration looks for fonts where its archives are unpacked in a cloud. Without a font, text fields end the browser. */
function fontConfiguration(folder: string): string {
  const path = join(folder, 'fonts', 'fonts.conf');
  writeFileSync(
    path,
    `<fontconfig><dir>${join(folder, 'fonts')}</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>`,
  );
  return path;
}
