// The chosen layer's weight in natural and in shuffled order, and what the last update did to it.

import type { LayerFacts, Picture } from '../messages.js';
import { naturalOrder, shuffledOrder } from './arrangement.js';
import type { Change } from './block_picture.js';
import { element } from './dom.js';
import { count, percent } from './format.js';
import { firstChoice, LayerList } from './layer_list.js';
import { MatrixView } from './matrix_view.js';

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
    this.section.dataset.state = 'empty';
    this.last = undefined;
  }

  show(picture: Picture): void {
    if (picture.layer !== this.chosen) return;
    const before = this.last;
    this.last = picture;
    const orders = this.draw(picture);
    const change = before && this.natural.flash(before, picture, orders.natural);
    if (before && orders.shuffled) this.shuffled.flash(before, picture, orders.shuffled);
    const isUpdate = change !== undefined && change.dropped + change.grown > 0;
    if (isUpdate || !before) this.tell(picture, change);
  }

  /** In other colours or at another size; what changed is not shown again. */
  redraw(): void {
    if (this.last) this.draw(this.last);
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
    this.watch(layer);
  }

  private draw(picture: Picture) {
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
