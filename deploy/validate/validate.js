// Prints what the validator finds in each of the templates named on the command
// line, as JSON: a list of lists.
const { CelEngine, TemplateFile } = require("@aws/cloudformation-validate");

const engine = new CelEngine();
const findings = process.argv.slice(2).map((path) => engine.validateStandard(new TemplateFile(path)).diagnostics);
console.log(JSON.stringify(findings));
