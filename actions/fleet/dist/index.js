const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.log(`::error::this action needs Node 20 or newer, the runner has ${process.versions.node}`);
  process.exit(1);
}
import('./bundle.js');
