import type { Dice } from "./dice.ts";

const rate = 11_025;
/** A minor pentatonic over two octaves, in half tones above A3 (220 Hz). */
const scale = [0, 3, 5, 7, 10, 12, 15, 17, 19, 22] as const;
const beatS = 0.36;

/** A lullaby of about five seconds: WAV, one channel, 16 bits, 11,025 Hz, some 110 kB. */
export function sing(dice: Dice): Uint8Array {
  const notes: { readonly step: number; readonly beats: number }[] = [];
  let step = dice.between(2, 5);
  for (let beats = 0; beats < 12; ) {
    const length = dice.pick([1, 1, 2]);
    notes.push({ step, beats: length });
    beats += length;
    step = Math.min(scale.length - 1, Math.max(0, step + dice.between(-2, 2)));
  }
  const total = notes.reduce((sum, note) => sum + note.beats, 0) * beatS + 0.6;
  const samples = new Float64Array(Math.ceil(total * rate));
  let start = 0;
  for (const note of notes) {
    strike(samples, start, 220 * 2 ** ((scale[note.step] ?? 0) / 12));
    start += Math.round(note.beats * beatS * rate);
  }
  return wav(samples);
}

/** A soft bell: three overtones that fade, the higher the sooner. */
function strike(samples: Float64Array, start: number, hertz: number): void {
  for (let index = 0; index < 1.1 * rate && start + index < samples.length; index++) {
    const s = index / rate;
    const tone = [1, 2, 3].reduce(
      (sum, overtone) =>
        sum + (Math.sin(2 * Math.PI * hertz * overtone * s) * Math.exp(-s * 3.2 * overtone)) / overtone,
      0,
    );
    const at = start + index;
    samples[at] = (samples[at] ?? 0) + tone * Math.min(1, s * 80) * 0.3;
  }
}

function wav(samples: Float64Array): Uint8Array {
  const data = Buffer.alloc(44 + samples.length * 2);
  data.write("RIFF", 0);
  data.writeUInt32LE(36 + samples.length * 2, 4);
  data.write("WAVEfmt ", 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write("data", 36);
  data.writeUInt32LE(samples.length * 2, 40);
  for (const [index, sample] of samples.entries()) {
    data.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 44 + index * 2);
  }
  return data;
}
