"use strict";

const element = (id) => document.getElementById(id);
const KEY = "hadal-api-key";
const SAMPLES = 120;

// What has been said, as the API takes it, without the system prompt.
let conversation = [];
let running = null; // an AbortController while a reply comes

function headers(more) {
  const key = element("key").value;
  return key ? { ...more, Authorization: `Bearer ${key}` } : more;
}

function showProblem(text) {
  element("problem").textContent = text;
  element("problem").hidden = !text;
}

// --- Chat ---

function addMessage(role, text) {
  const item = document.createElement("li");
  item.className = role;
  const who = document.createElement("span");
  who.className = "who";
  who.textContent = role === "user" ? "You" : "Model";
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = text;
  item.append(who, words);
  element("messages").append(item);
  element("empty").hidden = true;
  item.scrollIntoView({ block: "nearest" });
  return item;
}

function setRunning(controller) {
  running = controller;
  element("send").disabled = controller !== null;
  element("stop").disabled = controller === null;
}

async function errorOf(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The server answered with status ${response.status}.`;
  }
}

// Yields the data of each event of a text/event-stream.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}

function request() {
  const system = element("system").value.trim();
  const messages = system ? [{ role: "system", content: system }, ...conversation] : conversation;
  return {
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: element("temperature").valueAsNumber,
    max_completion_tokens: element("max-tokens").valueAsNumber,
  };
}

async function receive(response, words) {
  const begin = performance.now();
  for await (const data of events(response)) {
    if (data === "[DONE]") return;
    const part = JSON.parse(data);
    if (part.error) throw new Error(part.error.message);
    words.textContent += part.choices[0]?.delta.content ?? "";
    words.scrollIntoView({ block: "nearest" });
    if (part.usage) {
      const tokens = part.usage.completion_tokens;
      const seconds = (performance.now() - begin) / 1000;
      element("speed").textContent = `${tokens} tokens, ${(tokens / seconds).toFixed(1)} a second`;
    }
  }
}

async function reply() {
  const controller = new AbortController();
  const said = conversation; // a new chat may begin before this reply has ended
  setRunning(controller);
  const item = addMessage("assistant", "");
  item.classList.add("writing");
  const words = item.querySelector(".words");
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: headers({ "Content-Type": "application/json" }),
      body: JSON.stringify(request()),
      signal: controller.signal,
    });
    if (!response.ok) throw new Error(await errorOf(response));
    await receive(response, words);
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error.message);
  }
  item.classList.remove("writing");
  if (words.textContent) said.push({ role: "assistant", content: words.textContent });
  else item.remove();
  setRunning(null);
}

function send() {
  const text = element("prompt").value.trim();
  if (!text || running) return;
  showProblem("");
  element("speed").textContent = "";
  element("prompt").value = "";
  conversation.push({ role: "user", content: text });
  addMessage("user", text);
  reply();
}

function clear() {
  running?.abort();
  conversation = [];
  element("messages").replaceChildren();
  element("empty").hidden = false;
  element("speed").textContent = "";
  showProblem("");
  element("prompt").focus();
}

// --- Live figures ---

const rates = [];
let last = null; // the figures before, and when they came

function drawSpark() {
  const most = Math.max(1, ...rates);
  const first = SAMPLES - rates.length;
  const points = rates.map((rate, i) => {
    const x = ((first + i) / (SAMPLES - 1)) * 240;
    return `${x.toFixed(1)},${(45 - (rate / most) * 42).toFixed(1)}`;
  });
  const line = points.length > 1 ? `M${points.join("L")}` : "";
  element("spark-line").setAttribute("d", line);
  const begin = ((first / (SAMPLES - 1)) * 240).toFixed(1);
  element("spark-area").setAttribute("d", line && `${line}L240,48L${begin},48Z`);
}

const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : "–");

function showFigures(figures, now) {
  if (last) {
    const rate = (figures.generated_tokens - last.generated_tokens) / ((now - last.now) / 1000);
    rates.push(Math.max(0, rate));
    if (rates.length > SAMPLES) rates.shift();
    element("rate").textContent = rate.toFixed(rate < 10 ? 1 : 0);
    drawSpark();
  }
  last = { generated_tokens: figures.generated_tokens, now };
  element("model").textContent = figures.model;
  element("running").textContent = figures.running;
  element("waiting").textContent = figures.waiting;
  element("pages").textContent = `${figures.pages - figures.free_pages} of ${figures.pages}`;
  element("cached").textContent = percent(
    figures.cached_tokens, figures.cached_tokens + figures.prompt_tokens);
  element("kept").textContent = percent(figures.kept, 1);
  element("connections").textContent = figures.connections;
}

async function watch() {
  let problem = "";
  try {
    const response = await fetch("/figures", { headers: headers({}) });
    if (response.ok) showFigures(await response.json(), performance.now());
    else problem = response.status === 401 ? "The server wants an API key." : await errorOf(response);
  } catch {
    problem = "The server does not answer.";
    last = null;
  }
  element("live-problem").textContent = problem;
  setTimeout(watch, 1000);
}

// --- Beginning ---

element("key").value = sessionStorage.getItem(KEY) ?? "";
element("key").addEventListener("input", () => sessionStorage.setItem(KEY, element("key").value));
element("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
element("settings").addEventListener("submit", (event) => event.preventDefault());
element("prompt").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
element("stop").addEventListener("click", () => running?.abort());
element("clear").addEventListener("click", clear);
watch();
