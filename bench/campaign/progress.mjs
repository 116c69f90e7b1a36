// How far a campaign is, in a bar or lines (src/cli/progress.ts). Runs weigh as much as their steps would cost the dense network, and those
// under way count by the steps that their folders tell of.

import { Estimates, stepsOf } from './estimate.mjs';
import { stepsDone } from './run_state.mjs';

const INTERVAL_MS = 1000;
/** Of a run on a folder, whose images nobody has counted yet. */
const UNKNOWN_STEPS = 10_000;

export class CampaignProgress {
  /** @param failures ids of failed runs, which count as done. */
  constructor({ plan, results, worker, engine, failures }) {
    Object.assign(this, { plan, results, worker, engine, failures });
  }

  async start() {
    const estimates = new Estimates(this.engine);
    const costs = this.plan.runs.map(async (run) => {
      const { config } = run;
      const { dense } = await estimates.networkOf({ ...config, method: 'dense', layers: [], denseLayers: [] });
      return [run, (stepsOf(run) ?? UNKNOWN_STEPS) * config.batchSize * dense];
    });
    this.costs = new Map(await Promise.all(costs));
    this.bar = this.engine.startProgress(100, '%');
    this.update();
    this.timer = setInterval(() => this.update(), INTERVAL_MS);
  }

  update() {
    let [done, total, finished] = [0, 0, 0];
    for (const [run, cost] of this.costs) {
      const isOver = this.results.has(run) || this.failures.includes(run.id);
      const share = isOver ? 1 : stepsDone(this.worker.folderOf(run)) / (stepsOf(run) ?? UNKNOWN_STEPS);
      total += cost;
      done += cost * Math.min(1, share);
      if (isOver) finished++;
    }
    const failed = this.failures.length > 0 ? `, ${this.failures.length} failed` : '';
    const underWay = this.worker.children.size;
    const note = `${finished} of ${this.costs.size} runs${failed}, ${underWay} under way`;
    this.bar.update(Math.round((1000 * done) / total) / 10, note);
  }

  log(line) {
    this.bar.log(line);
  }

  stop() {
    clearInterval(this.timer);
    this.bar.stop();
  }
}
