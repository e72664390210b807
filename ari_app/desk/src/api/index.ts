/** The API of call control: commands, events, and their shapes, which are generated from the server's own document. */
export { answer, connect, Refused, type Api } from "./client";
export { EventStream, type Listener, type ServerEvent } from "./events";
export type { components, operations, paths } from "./schema";
