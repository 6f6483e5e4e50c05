// Does what the server of this page asks for, one command after the other: loads models, runs them, takes times.
import * as ort from "./files/ort.wasm.bundle.min.mjs";

const models = [];

const commands = {
  async start({ threads }) {
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = { wasm: new URL("files/ort-wasm-simd-threaded.wasm", location.href).href };
    return { isolated: crossOriginIsolated, agent: navigator.userAgent };
  },

  // `features` is float32 [clips, ...shape], all in one file.
  async load({ model, features, shape }) {
    const session = await ort.InferenceSession.create(`files/${model}`, { executionProviders: ["wasm"] });
    const values = new Float32Array(await (await fetch(`files/${features}`)).arrayBuffer());
    const size = shape.reduce((a, b) => a * b);
    const clips = Array.from({ length: values.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size));
    models.push({ session, clips, dimensions: [1, ...shape] });
    return {};
  },

  async score({ model, first, count }) {
    const scores = [];
    for (let i = first; i < first + count; i++) {
      const { data, dims } = await infer(models[model], i);
      scores.push({ shape: dims, values: Array.from(data) });
    }
    return { scores };
  },

  // Nanoseconds of each call, on the clips from `first` on, and from the beginning again after `clips` of them.
  async time({ model, first, calls, clips }) {
    const times = [];
    for (let i = first; i < first + calls; i++) {
      const begin = performance.now();
      await infer(models[model], i % clips);
      times.push(Math.round(1e6 * (performance.now() - begin)));
    }
    return { times };
  },
};

async function infer({ session, clips, dimensions }, number) {
  const input = new ort.Tensor("float32", clips[number], dimensions);
  const outputs = await session.run({ [session.inputNames[0]]: input });
  return outputs[session.outputNames[0]];
}

let answer = {};
for (;;) {
  const response = await fetch("next", { method: "POST", body: JSON.stringify(answer) });
  const command = await response.json();
  if (command.do === "stop") break;
  try {
    answer = await commands[command.do](command);
  } catch (error) {
    answer = { error: String(error && error.message || error) };
  }
}
