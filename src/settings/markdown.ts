import { type SettingRow, settingNames, settingRows } from './table.ts';

/** The table of all settings for docs/settings.md and the actions' pages. */
export function settingsTable(): string {
  const lines = settingNames.map((name) => {
    const row: SettingRow<unknown> = settingRows[name];
    const fallback = row.default === undefined ? '' : `\`${row.default}\``;
    const description = row.secret ? `${row.description} (secret)` : row.description;
    return `| \`${row.key}\` | \`${row.input}\` | \`${row.environment}\` | ${fallback} | ${description} |`;
  });
  return ['| JSON | input, option | environment | default | what it is |', '|---|---|---|---|---|', ...lines, ''].join(
    '\n',
  );
}
