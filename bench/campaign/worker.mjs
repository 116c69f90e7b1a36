// Works through runs: starts `train`, goes on with what was interrupted, and tries again what was killed. Everything that is known of a run
// is in its folder, so that a campaign can be killed at any time, and gone on with elsewhere.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlanError } from './plan.mjs';
import { isBegun, resultOf, stepsDone } from './run_state.mjs';

const LOCK_POLL_MS = 500;
/** Attempts in a row that get no further than the last one, until a run is given up. */
const ATTEMPTS_WITHOUT_PROGRESS = 2;
/** For a child to save and end once it was asked to. */
const PATIENCE_MS = 300_000;

export class Worker {
  /** Trainings that are under way. */
  children = new Set();
  isStopped = false;

  /** @param options `out`: the campaign's folder; `program`: the command line; `engine`: see engine.mjs. */
  constructor({ out, program, engine }) {
    Object.assign(this, { out, program, engine });
    mkdirSync(join(out, 'runs'), { recursive: true });
    mkdirSync(join(out, 'logs'), { recursive: true });
  }

  folderOf({ id }) {
    return join(this.out, 'runs', id);
  }

  /** Ends all trainings as soon as they have saved; `run` then returns. */
  stop() {
    if (this.isStopped) return;
    this.isStopped = true;
    for (const child of this.children) child.kill('SIGINT');
    setTimeout(() => {
      for (const child of this.children) child.kill('SIGKILL');
    }, PATIENCE_MS).unref();
  }

  /** Trains a run to its end. Returns { result }, { failure: a line } or, if it was stopped before, {}. */
  async run(run) {
    try {
      return await this.trained(run);
    } catch (error) {
      // Its logs are damaged, which is no reason to leave the others undone.
      if (error instanceof PlanError) return { failure: error.message };
      throw error;
    }
  }

  async trained(run) {
    const folder = this.folderOf(run);
    let furthest = 0;
    let idle = 0;
    for (;;) {
      if (!(await this.untilFree(folder))) return {};
      const result = resultOf(folder, run);
      if (result) return { result };
      if (this.isStopped) return {};
      const { code, signal } = await this.train(run, folder);
      if (code === 0) return this.ended(folder, run);
      if (this.isStopped) continue;
      const done = stepsDone(folder);
      idle = done > furthest ? 0 : idle + 1;
      furthest = Math.max(furthest, done);
      // Bad input stays bad.
      if (code === 2 || idle === ATTEMPTS_WITHOUT_PROGRESS) {
        return { failure: this.lastWords(run) || `ended by ${signal ?? `code ${code}`}` };
      }
    }
  }

  ended(folder, run) {
    const result = resultOf(folder, run);
    return result ? { result } : { failure: `${folder}: expected a finished run behind exit code 0, got half of one` };
  }

  /** Waits while another process works on the run: what a killed campaign left behind is still saving. Returns whether it is free. */
  async untilFree(folder) {
    while (existsSync(folder)) {
      const lock = this.engine.tryLockFolder(folder);
      if ('unlock' in lock) {
        lock.unlock();
        return true;
      }
      if (this.isStopped) return false;
      await sleep(LOCK_POLL_MS);
    }
    return true;
  }

  train(run, folder) {
    const what = isBegun(folder) ? ['--resume', folder, ...run.place] : [...run.args, '--out', folder];
    const log = openSync(this.logOf(run), 'a');
    const preload = ['--require', join(import.meta.dirname, 'stop_with_parent.cjs')];
    const child = spawn(process.execPath, [...preload, this.program, 'train', ...what], {
      stdio: ['pipe', log, log],
      // Ctrl-C goes to the campaign alone, which passes it on.
      detached: true,
    });
    closeSync(log);
    this.children.add(child);
    return new Promise((done, fail) => {
      child.on('error', fail);
      child.on('exit', (code, signal) => {
        this.children.delete(child);
        done({ code, signal });
      });
    });
  }

  logOf({ id }) {
    return join(this.out, 'logs', `${id}.txt`);
  }

  /** What a failed training said last: its message, if it has one. */
  lastWords(run) {
    const lines = readFileSync(this.logOf(run), 'utf8').trim().split('\n');
    return lines.findLast((line) => /^shuffleblock: |^\w*Error: /.test(line)) ?? lines.at(-1);
  }
}
