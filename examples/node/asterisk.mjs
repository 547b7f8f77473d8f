// An Asterisk with the configuration in `configs`, and a client of its AMI.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// Boots a server. It ends with this process, or when it is stopped.
export async function boot() {
  const program = process.env.INSTANCE ?? "instance";
  const configs = fileURLToPath(new URL("configs", import.meta.url));
  const options = ["boot", "--json", "--until-input-ends", "--fail-on", "error", configs];
  const child = spawn(program, options, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit");
  const line = await Promise.race([once(lines, "line"), ended.then(() => null)]);
  if (line === null) throw new Error("the server did not boot, see the error output");
  const [server] = JSON.parse(line[0]).instances;
  const stop = async () => {
    child.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`instance exited with ${code}, see the error output`);
  };
  return { ...server, stop };
}

// A connection to AMI that has logged in.
export class Ami {
  #socket;
  #messages;
  #next;

  static async login({ ami, user, secret }) {
    const client = new Ami();
    const [host, port] = ami.split(":");
    client.#socket = connect(Number(port), host);
    client.#messages = messages(client.#socket);
    client.send({ Action: "Login", Username: user, Secret: secret });
    await client.waitFor({ Response: "Success" });
    return client;
  }

  send(headers) {
    const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`);
    this.#socket.write(lines.join("") + "\r\n");
  }

  // Returns the next message with these headers, or fails with those that came instead.
  async waitFor(headers, milliseconds = 10_000) {
    const wanted = Object.entries(headers);
    const seen = [];
    let timer;
    const timeout = new Promise((resolve) => { timer = setTimeout(resolve, milliseconds); });
    try {
      for (;;) {
        // A read that was not awaited to its end is the next one's.
        this.#next ??= this.#messages.next();
        const read = await Promise.race([this.#next, timeout]);
        if (read === undefined) break;
        this.#next = undefined;
        if (read.done) throw new Error("the server closed the connection");
        if (wanted.every(([key, value]) => read.value[key] === value)) return read.value;
        seen.push(read.value);
      }
    } finally {
      clearTimeout(timer);
    }
    const [what, came] = [JSON.stringify(headers), JSON.stringify(seen)];
    throw new Error(`no message with ${what} within ${milliseconds} ms, but: ${came}`);
  }

  close() {
    this.#socket.destroy();
  }
}

async function* messages(socket) {
  let message = {};
  for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
    if (line === "") {
      yield message;
      message = {};
    } else {
      const at = line.indexOf(":");
      // The greeting has no colon.
      if (at > 0) message[line.slice(0, at)] = line.slice(at + 1).trim();
    }
  }
}
