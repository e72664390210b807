/** The description of the events is what AsyncAPI says that one is. */
import specs from "@asyncapi/specs/schemas/3.0.0-without-$id.json";
import { Ajv, type AnySchema } from "ajv";
import addFormats from "ajv-formats";
import { expect, it } from "vitest";
import document from "../../asyncapi.json";

const ajv = new Ajv({ strict: false });
addFormats.default(ajv);
const valid = ajv.compile(specs as AnySchema);

it("is valid AsyncAPI 3", () => {
  expect([valid(document), valid.errors]).toEqual([true, null]);
});

it("would not be without a title, or with an address that is none", () => {
  expect(valid({ ...document, info: {} })).toBe(false);
  expect(valid({ ...document, channels: { events: { address: 7 } } })).toBe(false);
});
