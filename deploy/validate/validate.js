// Prints what the validator finds in the template named on the command line, as JSON.
const { CelEngine, TemplateFile } = require("@aws/cloudformation-validate");

const engine = new CelEngine();
const report = engine.validateDetailed(new TemplateFile(process.argv[2]));
console.log(JSON.stringify(report.diagnostics));
