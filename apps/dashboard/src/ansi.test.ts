import { expect, test } from 'vitest';
import { parseAnsi } from './ansi.ts';

const ESC = '\u001B';
const brief = (line: string) => parseAnsi(line).map(({ text, color, bold }) => ({ text, color, bold }));

test('colours and weight come from the escape sequences, and end with their reset', () => {
  expect(brief(`${ESC}[1;31mError${ESC}[0m: ${ESC}[92mdone${ESC}[39m.`)).toEqual([
    { text: 'Error', color: 1, bold: true },
    { text: ': ', color: null, bold: false },
    { text: 'done', color: 10, bold: false },
    { text: '.', color: null, bold: false },
  ]);
});

test('the 256 and the true colours are known', () => {
  expect(
    brief(`${ESC}[38;5;9ma${ESC}[38;5;208mb${ESC}[38;2;1;2;300mc${ESC}[38;5;240md`).map(({ color }) => color),
  ).toEqual([9, 'rgb(255 135 0)', 'rgb(1 2 255)', 'rgb(88 88 88)']);
});

test('nothing else acts on the page: cursor moves, titles and control characters are dropped', () => {
  expect(brief(`${ESC}[2J${ESC}[1;1Ha${ESC}]0;title\u0007b${ESC}[?25l\u0008c${ESC}M`)).toEqual([
    { text: 'a', color: null, bold: false },
    { text: 'b', color: null, bold: false },
    { text: 'c', color: null, bold: false },
  ]);
});

test('of a redrawn progress line the last state stays', () => {
  expect(brief('10 %\r50 %\r100 %\r')).toEqual([{ text: '100 %', color: null, bold: false }]);
});
