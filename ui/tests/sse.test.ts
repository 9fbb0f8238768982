import { expect, test } from 'vitest';
import { EventParser, type ServerEvent } from '../src/api/sse';

/** What a parser makes of `text`, given whole and given in every possible two pieces and letter by letter. */
function parse(text: string): ServerEvent[] {
  const whole = new EventParser().push(text);
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new EventParser();
    const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    expect(events, `cut at ${cut}`).toEqual(whole);
  }
  const slow = new EventParser();
  expect([...text].flatMap((letter) => slow.push(letter))).toEqual(whole);
  return whole;
}

test('events have a name and data', () => {
  expect(parse('event: pulse\ndata: {"at":1}\n\nevent: status\ndata: 2\n\n')).toEqual([
    { event: 'pulse', data: '{"at":1}' },
    { event: 'status', data: '2' },
  ]);
});

test('without a name it is a message; a name holds for one event', () => {
  expect(parse('event: a\ndata: 1\n\ndata: 2\n\n')).toEqual([
    { event: 'a', data: '1' },
    { event: 'message', data: '2' },
  ]);
});

test('several data lines are one text', () => {
  expect(parse('data: one\ndata:two\ndata\n\n')).toEqual([
    { event: 'message', data: 'one\ntwo\n' },
  ]);
});

test('every way to end a line ends one', () => {
  expect(parse('data: a\r\n\r\ndata: b\r\rdata: c\n\n')).toEqual([
    { event: 'message', data: 'a' },
    { event: 'message', data: 'b' },
    { event: 'message', data: 'c' },
  ]);
});

test('comments, unknown fields and events without data are nothing', () => {
  expect(parse(': alive\n\nid: 7\nretry: 10\nevent: empty\n\nodd: x\ndata: a\n\n')).toEqual([
    { event: 'message', data: 'a' },
  ]);
});

test('only one space after the colon is dropped', () => {
  expect(parse('data:  a: b\n\n')).toEqual([{ event: 'message', data: ' a: b' }]);
});

test('what has not ended is not told', () => {
  expect(parse('data: a\n')).toEqual([]);
});
