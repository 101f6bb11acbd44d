import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.ts';
import type { Forge } from './forge.ts';
import { signIn } from './gitea-web.ts';

/** What docs/ may weigh, per picture. */
const LARGEST = 80_000;

/**
 * Keeps a picture of a page where `PVE_GITOPS_SCREENSHOTS` names a folder; else nothing. It takes a Gitea with its pages' scripts
 * (`PVE_GITOPS_GITEA_STATIC`: a folder with public/, templates/ and options/), which the one of the tests is built without.
 */
export async function keepPage(forge: Forge, url: string, name: string, text: string): Promise<void> {
  const folder = process.env.PVE_GITOPS_SCREENSHOTS;
  if (folder === undefined || folder === '') return;
  const browser = await Browser.open();
  try {
    for (const part of (await signIn(forge)).split('; ')) {
      const [cookie = '', ...value] = part.split('=');
      await browser.send('Network.setCookie', { name: cookie, value: value.join('='), url: forge.url });
    }
    await browser.send('Emulation.setDeviceMetricsOverride', {
      width: 1180,
      height: 720,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await browser.show(url, text);
    const picture = await browser.picture(1180, 720);
    if (picture.length > LARGEST) throw new Error(`Unable to keep ${name}: ${picture.length} bytes`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.png`), picture);
  } finally {
    await browser.close();
  }
}
