import { beforeEach, expect, test } from "vitest";
import { Keys } from "./keys.svelte";

let requests: { readonly digits: string; readonly answer: (done: boolean) => void }[];
let lost: string[];
let keys: Keys;

beforeEach(() => {
  [requests, lost] = [[], []];
  keys = new Keys({
    send: (digits) => new Promise((answer) => requests.push({ digits, answer })),
    lost: (digits) => void lost.push(digits),
  });
});

async function answered(done: boolean): Promise<void> {
  requests.at(-1)?.answer(done);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

const sent = (): string[] => requests.map((each) => each.digits);

test("what is typed while a request is under way is the next one, all of it", async () => {
  for (const key of "12345678") keys.press(key);
  expect(sent()).toEqual(["1"]);
  await answered(true);
  await answered(true);
  expect(sent()).toEqual(["1", "2345678"]);
});

test("keys that wait when the keypad is closed are sent", async () => {
  for (const key of "123") keys.press(key);
  keys.close();
  await answered(true);
  await answered(true);
  expect([sent(), lost]).toEqual([["1", "23"], []]);
});

test("after one that failed none is sent until that is wished, and then from there on", async () => {
  for (const key of "1234") keys.press(key);
  await answered(true);
  await answered(false);
  expect(keys.unsent).toBe("234");
  keys.press("5");
  expect([sent(), keys.unsent, keys.typed]).toEqual([["1", "234"], "2345", "12345"]);
  keys.again();
  await answered(true);
  expect([sent().at(-1), keys.unsent]).toEqual(["2345", ""]);
});

test("of a closed keypad it is said what was not sent, once", async () => {
  for (const key of "12") keys.press(key);
  await answered(false);
  expect(lost).toEqual([]);
  keys.close();
  expect(lost).toEqual(["12"]);
  keys.close();
  expect(lost).toEqual(["12"]);
});

test("of a keypad that is closed while it sends it is said when that has failed", async () => {
  for (const key of "12") keys.press(key);
  keys.close();
  await answered(false);
  expect([sent(), lost]).toEqual([["1"], ["12"]]);
});
