// The chosen layer's weight in natural and in shuffled order, and what the last update did to it.

import type { LayerFacts, Picture } from '../messages.js';
import { type Arrangement, naturalOrder, shuffledOrder } from './arrangement.js';
import type { Change } from './block_picture.js';
import { element } from './dom.js';
import { count, percent } from './format.js';
import { firstChoice, LayerList } from './layer_list.js';
import { isWithoutMotion, MatrixView } from './matrix_view.js';

/** Where the weights of a picture are drawn; in one order only where there are no blocks. */
interface Orders {
  readonly natural: Arrangement;
  readonly shuffled?: Arrangement;
}

export class WeightsView {
  private readonly natural = new MatrixView(element('natural', HTMLElement));
  private readonly shuffled = new MatrixView(element('shuffled', HTMLElement));
  private readonly shuffledFigure = element('shuffled-figure', HTMLElement);
  private readonly section = element('weights', HTMLElement);
  private readonly storyLine = element('weights-story', HTMLElement);
  private readonly list: LayerList;
  private layers: readonly LayerFacts[] = [];
  private chosen = '';
  private last: Picture | undefined;
  /** The picture before the last one, of the same layer. */
  private before: Picture | undefined;
  private width = 0;

  /**
   * @param watch asks for pictures of a layer.
   * @param story what lies between two pictures, in words.
   */
  constructor(
    private readonly watch: (layer: string) => void,
    private readonly story = 'The last update',
  ) {
    this.list = new LayerList(element('layers', HTMLElement), (layer) => this.choose(layer));
    new ResizeObserver(() => this.fit()).observe(this.section);
  }

  begin(layers: readonly LayerFacts[]): void {
    const names = (all: readonly LayerFacts[]) => all.map(({ name, shape }) => `${name} ${shape}`).join();
    if (names(layers) !== names(this.layers)) this.chosen = firstChoice(layers);
    this.layers = layers;
    this.section.dataset.state = 'shown';
    this.list.show(layers, this.chosen);
    this.choose(this.chosen);
  }

  /** The same layers with other numbers: blocks that moved into a padded group hold fewer weights. */
  refresh(layers: readonly LayerFacts[]): void {
    if (JSON.stringify(layers) === JSON.stringify(this.layers)) return;
    this.layers = layers;
    this.list.show(layers, this.chosen);
  }

  clear(): void {
    this.list.leave();
    this.section.dataset.state = 'empty';
    this.last = undefined;
    this.before = undefined;
  }

  show(picture: Picture): void {
    if (picture.layer !== this.chosen) return;
    const before = this.last;
    this.before = before;
    this.last = picture;
    const orders = this.draw(picture);
    const change = before && this.flash(before, picture, orders);
    const isUpdate = change !== undefined && change.dropped + change.grown > 0;
    if (isUpdate || !before) this.tell(picture, change);
  }

  /** In other colours or at another size. What changed does not flash again; without motion, it stays to be seen. */
  redraw(): void {
    if (!this.last) return;
    const orders = this.draw(this.last);
    if (this.before && isWithoutMotion()) this.flash(this.before, this.last, orders);
  }

  private flash(before: Picture, after: Picture, { natural, shuffled }: Orders): Change {
    if (shuffled) this.shuffled.flash(before, after, shuffled);
    return this.natural.flash(before, after, natural);
  }

  /** Heights follow from widths, so only these matter. */
  private fit(): void {
    if (this.section.clientWidth === this.width) return;
    this.width = this.section.clientWidth;
    this.redraw();
  }

  private choose(layer: string): void {
    this.chosen = layer;
    this.last = undefined;
    this.before = undefined;
    this.watch(layer);
  }

  private draw(picture: Picture): Orders {
    const natural = naturalOrder(picture);
    const shuffled = picture.blocks && shuffledOrder(picture, picture.blocks);
    const kept = this.keptText(picture);
    this.natural.show(picture, natural, `Weight of ${picture.layer} in natural order: ${kept}`);
    this.shuffledFigure.hidden = !shuffled;
    if (shuffled) {
      this.shuffled.show(picture, shuffled, `Weight of ${picture.layer}, rows and columns moved together: ${kept}`);
    }
    return { natural, shuffled };
  }

  private tell(picture: Picture, change?: Change): void {
    const update = change && `${this.story} dropped ${count(change.dropped)} and grew ${count(change.grown)}.`;
    this.storyLine.textContent = [`${this.keptText(picture)}.`, update].filter(Boolean).join(' ');
  }

  private keptText({ layer, rows, columns }: Picture): string {
    const facts = this.layers.find(({ name }) => name === layer);
    const active = facts?.active ?? 0;
    return `${count(active)} of ${count(rows * columns)} weights kept, ${percent(active / (rows * columns))}`;
  }
}
