// The colours of web/style/tokens.css: readable on their backgrounds, and apart for common kinds of colour blindness. Simulation after
// Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1;
// differences as CIE76 in CIELAB; contrast as WCAG 2.2 counts it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

type Triple = readonly number[];

const css = readFileSync('web/style/tokens.css', 'utf8');
const themes = {
  light: tokensOf(/:root \{([\s\S]*?)\}/),
  dark: tokensOf(/:root\[data-theme="dark"\] \{([\s\S]*?)\}/),
};

function tokensOf(block: RegExp): Record<string, Triple> {
  const colours = [...block.exec(css)![1].matchAll(/--([\w-]+): #(..)(..)(..);/g)];
  return Object.fromEntries(
    colours.map(([, name, ...hex]) => [name, hex.map((part) => Number.parseInt(part, 16) / 255)]),
  );
}

/** Rows of 3x3 matrices on linear red, green and blue. */
const VISIONS: Record<string, readonly Triple[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (colour: Triple) => colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const times = (rows: readonly Triple[], v: readonly number[]) =>
  rows.map((row) => row.reduce((sum, a, i) => sum + a * v[i], 0));
const luminance = (colour: Triple) => times([[0.2126, 0.7152, 0.0722]], linear(colour))[0];

function contrast(a: Triple, b: Triple): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** L, a, b of a colour as somebody sees it. */
function lab(colour: Triple, vision: readonly Triple[]): number[] {
  const seen = times(vision, linear(colour)).map((c) => Math.min(1, Math.max(0, c)));
  const xyz = times(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    seen,
  );
  const [x, y, z] = xyz.map((value, i) => {
    const t = value / [0.9505, 1, 1.089][i];
    return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function difference(a: Triple, b: Triple, vision: readonly Triple[]): number {
  const [p, q] = [lab(a, vision), lab(b, vision)];
  return Math.hypot(...p.map((value, i) => value - q[i]));
}

describe.each(Object.entries(themes))('the %s theme', (_, tokens) => {
  it.each([
    ['ink', 'paper', 7],
    ['ink', 'surface', 7],
    ['muted', 'paper', 4.5],
    ['muted', 'surface', 4.5],
    ['grow', 'surface', 4.5],
    ['drop', 'surface', 4.5],
    ['on-accent', 'grow', 4.5],
    ['warning-ink', 'warning-surface', 4.5],
  ])('%s on %s has a contrast of at least %s', (text, background, least) => {
    expect(contrast(tokens[text], tokens[background])).toBeGreaterThanOrEqual(least);
  });

  it.each(['paper', 'surface', 'sunken'])('outlines of controls stand out from %s', (background) => {
    expect(contrast(tokens.control, tokens[background])).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.keys(VISIONS))('grown, dropped and kept stay apart: %s', (vision) => {
    const colours = [tokens.grow, tokens.drop, tokens.ink, tokens.surface];
    const pairs = colours.flatMap((a, i) => colours.slice(i + 1).map((b) => difference(a, b, VISIONS[vision])));
    expect(Math.min(...pairs)).toBeGreaterThan(25);
  });

  const runs = Object.entries(tokens).filter(([name]) => name.startsWith('run-'));

  it.each(Object.keys(VISIONS))('runs of the dashboard stay apart, and from the surface: %s', (vision) => {
    expect(runs).toHaveLength(6);
    const colours = [...runs.map(([, colour]) => colour), tokens.surface];
    const pairs = colours.flatMap((a, i) => colours.slice(i + 1).map((b) => difference(a, b, VISIONS[vision])));
    expect(Math.min(...pairs)).toBeGreaterThan(25);
  });

  it.each(runs)('%s has the contrast of graphics', (_name, colour) => {
    expect(contrast(colour, tokens.surface)).toBeGreaterThanOrEqual(3);
  });
});
