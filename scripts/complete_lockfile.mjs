// Run after `npm install` changed package-lock.json. Adds the platform packages (`@esbuild/win32-x64`, ...) that npm left out.
//
// Workaround. Symptom: with a registry that does not carry the packages of other platforms, npm 11 writes a lock file without
// them and `npm ci` then refuses it: "Missing: @biomejs/cli-win32-x64@ from lock file". They need no integrity here: npm
// never fetches a package whose `os` or `cpu` is not the machine's. To delete when `npm install && npm ci` works without.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];
let added = 0;

for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key]) continue;
    const words = name.split(/[-/]/);
    const os = OS.filter((word) => words.includes(word));
    const cpu = CPU.filter((word) => words.includes(word));
    if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name}: no platform in its name; add it by hand`);
    lock.packages[key] = { version, cpu, ...(entry.dev ? { dev: true } : {}), ...libc(words), optional: true, os };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`complete_lockfile: ${added} packages of other platforms added`);

function libc(words) {
  if (words.some((word) => word.startsWith('musl'))) return { libc: ['musl'] };
  return words.some((word) => word.startsWith('gnu')) && words.includes('linux') ? { libc: ['glibc'] } : {};
}
