/** What is shown: each part by itself, so that what is drawn from one is left alone where another has changed. */
import { initial, type State } from "./store";

export class Shown implements State {
  seq = $state.raw(initial.seq);
  skew = $state.raw(initial.skew);
  me = $state.raw(initial.me);
  calls = $state.raw(initial.calls);
  mine = $state.raw(initial.mine);
  ended = $state.raw(initial.ended);
  alarms = $state.raw(initial.alarms);
  hearing = $state.raw(initial.hearing);
  found = $state.raw(initial.found);
  answered = $state.raw(initial.answered);
  stale = $state.raw(initial.stale);
  phone = $state.raw(initial.phone);
  day = $state.raw(initial.day);
  names = $state.raw(initial.names);
  overseen = $state.raw(initial.overseen);
  agents = $state.raw(initial.agents);
  roll = $state.raw(initial.roll);
  emergencies = $state.raw(initial.emergencies);
  raised = $state.raw(initial.raised);
  live = $state.raw(initial.live);

  show(picture: State): void {
    Object.assign(this, picture);
  }
}
