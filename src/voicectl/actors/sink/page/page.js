"use strict";

const JOIN_S = 0.03;      // the first sample is played so much after it came
const BEHIND_S = 0.5;     // further behind, sound is left out: the page joins where the speech is
const CAPTIONS_KEPT = 100;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5000;

const listen = document.getElementById("listen");
const status = document.getElementById("status");
const volume = document.getElementById("volume");
const captions = document.getElementById("captions");

let rate = 48000;         // Hz, of the sound that comes
let context = null;       // made by a press of the button: before one, browsers play nothing
let gain = null;
let next = 0;             // the frame on the context's clock at which the next sample belongs
let playing = new Set();  // what was scheduled: source, buffer, and the frame at which its first sample belongs
let held = [];            // what a pause keeps: buffer, and how many of its samples were heard
let isListening = false;
let isPaused = false;
let isConnected = false;
let lastCaption = "";
let retryAfter = RETRY_FIRST_MS;

function show() {
  listen.setAttribute("aria-pressed", String(isListening));
  listen.textContent = isListening ? "Stop listening" : "Listen";
  if (!isConnected) status.textContent = "Not connected to voicectl; trying again.";
  else if (isPaused) status.textContent = "Connected. The speech is paused.";
  else status.textContent = isListening ? "Connected. You hear what is spoken." : "Connected. Press Listen to hear it.";
}

function setClock() {
  if (!context) return;
  if (isListening) context.resume();
  else context.suspend();
}

function stop() {
  for (const { source } of playing) {
    source.onended = null;
    source.stop();
  }
  playing.clear();
  next = 0;
}

function flush() {
  stop();
  held = [];
}

function setPaused(on) {
  if (on === isPaused) return;
  isPaused = on;
  if (!context) return;
  // Not by suspending the context: some browsers take a second to resume it.
  if (on) {
    const now = Math.floor(context.currentTime * rate);
    for (const { buffer, at } of playing) {
      const heard = Math.max(0, now - at);
      if (heard < buffer.length) held.push({ buffer, heard });
    }
    stop();
  } else {
    for (const { buffer, heard } of held) schedule(buffer, heard);
    held = [];
  }
}

function makeContext() {
  if (context && context.sampleRate === rate) return;
  if (context) context.close();
  context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
  gain = context.createGain();
  gain.gain.value = volume.value / 100;
  gain.connect(context.destination);
  playing = new Set();
  held = [];
  next = 0;
}

function schedule(buffer, heard) {
  const now = Math.ceil(context.currentTime * rate);
  if (next < now) next = now + Math.ceil(JOIN_S * rate);
  const source = context.createBufferSource();
  const entry = { source, buffer, at: next - heard };
  source.buffer = buffer;
  source.connect(gain);
  source.onended = () => playing.delete(entry);
  playing.add(entry);
  source.start(next / rate, heard / rate);
  next += buffer.length - heard;
}

function play(message) {
  // Until the device runs, nothing is kept: the page joins where the speech is then.
  if (!isListening || context.state !== "running" || next > (context.currentTime + BEHIND_S) * rate) return;
  const pcm = new DataView(message);
  const buffer = context.createBuffer(1, pcm.byteLength / 2, rate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = pcm.getInt16(2 * i, true) / 32768;
  if (isPaused) held.push({ buffer, heard: 0 });
  else schedule(buffer, 0);
}

function line(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}

function addCaption(caption) {
  // After a lost connection the last one comes again.
  if (JSON.stringify(caption) === lastCaption) return;
  lastCaption = JSON.stringify(caption);
  const isAtEnd = captions.scrollTop + captions.clientHeight >= captions.scrollHeight - 8;
  const item = document.createElement("li");
  item.append(line("text", caption.text));
  if (caption.source && caption.source !== caption.text) item.append(line("source", caption.source));
  captions.append(item);
  while (captions.childElementCount > CAPTIONS_KEPT) captions.firstElementChild.remove();
  if (isAtEnd) captions.scrollTop = captions.scrollHeight;
}

function take(news) {
  if (news.sample_rate) {
    rate = news.sample_rate;
    if (isListening) makeContext();
  }
  if (news.flush) flush();
  if (news.caption) addCaption(news.caption);
  if (news.paused !== undefined) {
    setPaused(news.paused);
    show();
  }
}

function connect() {
  const url = new URL("sound" + location.search, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    isConnected = true;
    retryAfter = RETRY_FIRST_MS;
    show();
  };
  socket.onmessage = (event) => (typeof event.data === "string" ? take(JSON.parse(event.data)) : play(event.data));
  socket.onclose = () => {
    isConnected = false;
    show();
    setTimeout(connect, retryAfter);
    retryAfter = Math.min(2 * retryAfter, RETRY_MAX_MS);
  };
}

listen.onclick = () => {
  isListening = !isListening;
  if (isListening) makeContext();
  if (!isListening) flush();
  setClock();
  show();
};
volume.oninput = () => {
  if (gain) gain.gain.setTargetAtTime(volume.value / 100, context.currentTime, 0.02);
};

connect();
