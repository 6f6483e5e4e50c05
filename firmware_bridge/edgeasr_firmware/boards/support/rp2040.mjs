// Run an ELF file on the RP2040 of rp2040js: `node rp2040.mjs FOLDER_OF_RP2040JS FILE MARKS ORIGIN BYTES ORIGIN BYTES`,
// the numbers those of flash and RAM. At each BOARD_MARK a line goes to the file MARKS: instructions and cycles so far,
// marks not counted. Files are opened in the current folder.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, program, marks, ...memory] = process.argv.slice(2);
const [flash, , ram] = memory.map(Number); // where they begin
const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json')));
const library = path.join(folder, manifest.exports['.'].import.default);
const { RP2040 } = await import(pathToFileURL(library));

const MARK = 0xbff0;
const SEMIHOSTING = 0xab;
const [OPEN, CLOSE, WRITE0, WRITE, READ, EXIT] = [1, 2, 4, 5, 6, 0x20];
const BUS_ERROR = 1 << 9, UNDEFINED = 1 << 16, UNALIGNED = 1 << 24; // as in the CFSR of Armv7-M
const FAULTS = [['not 32 bit aligned', UNALIGNED], ['not implemented', UNDEFINED], ['address', BUS_ERROR]];

const chip = new RP2040();
const core = chip.core;
const counts = fs.openSync(marks, 'w');
let executed = 0, marked = 0, status = null, place = 0;

// What no core can do, the library only warns of; of an instruction that it does not know in two messages.
function warn(component, message) {
    if (chip.readUint16(place) === MARK) {
        if (message.includes('not implemented')) {
            fs.writeSync(counts, `${executed - marked} ${core.cycles - marked}\n`);
            marked++;
        }
        return;
    }
    const fault = FAULTS.find(([text]) => message.includes(text));
    if (fault && status === null) {
        console.log(core.SP < ram ? '\n@board stack 0 overflow' : `\n@board fault ${place} ${fault[1]}`);
        status = 1;
    }
}
chip.logger = { debug() {}, info() {}, warn, error: warn };

// Segments of the file, at the addresses where they are stored.
const elf = fs.readFileSync(program);
const table = elf.readUInt32LE(28), size = elf.readUInt16LE(42), count = elf.readUInt16LE(44);
for (let at = table; at < table + count * size; at += size)
    if (elf.readUInt32LE(at) === 1 && elf.readUInt32LE(at + 16) > 0) {
        const from = elf.readUInt32LE(at + 4);
        chip.flash.set(elf.subarray(from, from + elf.readUInt32LE(at + 16)), elf.readUInt32LE(at + 12) - flash);
    }

const word = (address) => chip.readUint32(address);
function text(address) {
    const bytes = [];
    for (let byte; (byte = chip.readUint8(address++)) !== 0;) bytes.push(byte);
    return Buffer.from(bytes).toString();
}

function serve(operation, argument) {
    if (operation === WRITE0) {
        process.stdout.write(text(argument));
        return 0;
    }
    const [first, second, third] = [word(argument), word(argument + 4), operation > CLOSE ? word(argument + 8) : 0];
    if (operation === OPEN) {
        try {
            return fs.openSync(text(first), second >= 4 ? 'w' : 'r');
        } catch {
            return -1;
        }
    } else if (operation === CLOSE) {
        fs.closeSync(first);
    } else if (operation === READ) {
        const buffer = Buffer.alloc(third), got = fs.readSync(first, buffer);
        for (let i = 0; i < got; i++) chip.writeUint8(second + i, buffer[i]);
        return third - got;
    } else if (operation === WRITE) {
        const buffer = Buffer.alloc(third);
        for (let i = 0; i < third; i++) buffer[i] = chip.readUint8(second + i);
        fs.writeSync(first, buffer);
    } else if (operation === EXIT) {
        status = second;
    }
    return 0;
}

chip.onBreak = (code) => {
    if (code === SEMIHOSTING) core.registers[0] = serve(core.registers[0], core.registers[1]);
};

core.VTOR = flash;
core.SP = word(flash);
core.PC = word(flash + 4) & ~1;
while (status === null) {
    place = core.PC;
    core.executeInstruction();
    executed++;
}
process.exitCode = status;
