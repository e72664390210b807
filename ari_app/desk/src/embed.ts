import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { desk } from "./core/desk.svelte";
import { listenToParent } from "./core/frame";

listenToParent(desk);
mount(App, { target: document.body });
