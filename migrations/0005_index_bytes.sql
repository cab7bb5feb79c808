-- The index counts towards the quota, and a row of it does not grow with its depth: the keys are those of
-- src/storage/row-keys.ts. Converting a folder with a long path takes some milliseconds, because D1 has no
-- function for SHA-256.

ALTER TABLE nodes ADD COLUMN items_parent TEXT;
ALTER TABLE nodes ADD COLUMN index_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX nodes_by_items_parent ON nodes (account, items_parent) WHERE items_parent IS NOT NULL;

-- Folders whose path has more than 128 bytes, and what their items have as `parent` now.
CREATE TABLE long_folders (
  account      TEXT NOT NULL,
  path         TEXT NOT NULL,
  items_parent TEXT NOT NULL,
  PRIMARY KEY (account, path)
) WITHOUT ROWID;
INSERT INTO long_folders
WITH RECURSIVE key (account, path, text, items_parent) AS (
  SELECT account, parent || name, NULL, parent FROM (
    SELECT DISTINCT account, parent, '' AS name FROM nodes
    WHERE type IS NULL AND octet_length(parent) <= 128 AND octet_length(parent || name) > 128
  )
  UNION ALL
  SELECT nodes.account, nodes.parent || nodes.name, key.items_parent || nodes.name,
    iif(octet_length(key.items_parent || nodes.name) <= 128, key.items_parent || nodes.name,
      '#' || (
        WITH RECURSIVE
        message (hex, blocks) AS (
          SELECT hex(CAST(text AS BLOB)) || '80' || substr(printf('%0128d', 0), 1, 2 * ((119 - n % 64) % 64))
              || printf('%016X%0128d', 8 * n, 0),
            (n + 72) / 64
          FROM (SELECT text, octet_length(text) AS n FROM (SELECT key.items_parent || nodes.name AS text))
        ),
        round (block, t,
          w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
          a, b, c, d, e, f, g, h, a0, b0, c0, d0, e0, f0, g0, h0
        ) AS (
          SELECT 0, 0,
            '0x' || substr(hex, 128 * 0 + 1, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 9, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 17, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 25, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 33, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 41, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 49, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 57, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 65, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 73, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 81, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 89, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 97, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 105, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 113, 8) ->> '$',
            '0x' || substr(hex, 128 * 0 + 121, 8) ->> '$',
            0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
            0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
          FROM message
          UNION ALL
          SELECT iif(t < 64, block, block + 1), iif(t < 64, t + 1, 0),
            iif(t < 64, w1, '0x' || substr(hex, 128 * (block + 1) + 1, 8) ->> '$'),
            iif(t < 64, w2, '0x' || substr(hex, 128 * (block + 1) + 9, 8) ->> '$'),
            iif(t < 64, w3, '0x' || substr(hex, 128 * (block + 1) + 17, 8) ->> '$'),
            iif(t < 64, w4, '0x' || substr(hex, 128 * (block + 1) + 25, 8) ->> '$'),
            iif(t < 64, w5, '0x' || substr(hex, 128 * (block + 1) + 33, 8) ->> '$'),
            iif(t < 64, w6, '0x' || substr(hex, 128 * (block + 1) + 41, 8) ->> '$'),
            iif(t < 64, w7, '0x' || substr(hex, 128 * (block + 1) + 49, 8) ->> '$'),
            iif(t < 64, w8, '0x' || substr(hex, 128 * (block + 1) + 57, 8) ->> '$'),
            iif(t < 64, w9, '0x' || substr(hex, 128 * (block + 1) + 65, 8) ->> '$'),
            iif(t < 64, w10, '0x' || substr(hex, 128 * (block + 1) + 73, 8) ->> '$'),
            iif(t < 64, w11, '0x' || substr(hex, 128 * (block + 1) + 81, 8) ->> '$'),
            iif(t < 64, w12, '0x' || substr(hex, 128 * (block + 1) + 89, 8) ->> '$'),
            iif(t < 64, w13, '0x' || substr(hex, 128 * (block + 1) + 97, 8) ->> '$'),
            iif(t < 64, w14, '0x' || substr(hex, 128 * (block + 1) + 105, 8) ->> '$'),
            iif(t < 64, w15, '0x' || substr(hex, 128 * (block + 1) + 113, 8) ->> '$'),
            iif(t < 64, w16.value, '0x' || substr(hex, 128 * (block + 1) + 121, 8) ->> '$'),
            iif(t < 64, (t1.value + t2.value) & 0xffffffff, (a + a0) & 0xffffffff),
            iif(t < 64, a, (b + b0) & 0xffffffff),
            iif(t < 64, b, (c + c0) & 0xffffffff),
            iif(t < 64, c, (d + d0) & 0xffffffff),
            iif(t < 64, (d + t1.value) & 0xffffffff, (e + e0) & 0xffffffff),
            iif(t < 64, e, (f + f0) & 0xffffffff),
            iif(t < 64, f, (g + g0) & 0xffffffff),
            iif(t < 64, g, (h + h0) & 0xffffffff),
            iif(t < 64, a0, (a + a0) & 0xffffffff),
            iif(t < 64, b0, (b + b0) & 0xffffffff),
            iif(t < 64, c0, (c + c0) & 0xffffffff),
            iif(t < 64, d0, (d + d0) & 0xffffffff),
            iif(t < 64, e0, (e + e0) & 0xffffffff),
            iif(t < 64, f0, (f + f0) & 0xffffffff),
            iif(t < 64, g0, (g + g0) & 0xffffffff),
            iif(t < 64, h0, (h + h0) & 0xffffffff)
          FROM message CROSS JOIN round
          -- A word twice in a row: a shift rotates it then. SQLite has no XOR: (x | y) - (x & y).
          JOIN json_each(json_array((e << 32 | e))) ee
          JOIN json_each(json_array(((ee.value >> 6) | (ee.value >> 11)) - ((ee.value >> 6) & (ee.value >> 11)))) x1
          JOIN json_each(json_array((x1.value | (ee.value >> 25)) - (x1.value & (ee.value >> 25)))) e1
          JOIN json_each(json_array((a << 32 | a))) aa
          JOIN json_each(json_array(((aa.value >> 2) | (aa.value >> 13)) - ((aa.value >> 2) & (aa.value >> 13)))) x0
          JOIN json_each(json_array((x0.value | (aa.value >> 22)) - (x0.value & (aa.value >> 22)))) a0_
          JOIN json_each(json_array((w1 << 32 | w1))) ww1
          JOIN json_each(json_array(((ww1.value >> 7) | (ww1.value >> 18)) - ((ww1.value >> 7) & (ww1.value >> 18)))) y0
          JOIN json_each(json_array((y0.value | (w1 >> 3)) - (y0.value & (w1 >> 3)))) s0
          JOIN json_each(json_array((w14 << 32 | w14))) ww14
          JOIN json_each(json_array(((ww14.value >> 17) | (ww14.value >> 19)) - ((ww14.value >> 17) & (ww14.value >> 19)))) y1
          JOIN json_each(json_array((y1.value | (w14 >> 10)) - (y1.value & (w14 >> 10)))) s1
          JOIN json_each(json_array((w0 + (s0.value & 0xffffffff) + w9 + (s1.value & 0xffffffff)) & 0xffffffff)) w16
          JOIN json_each(json_array(
            h + (e1.value & 0xffffffff) + ((e & f) | (~e & g)) + w0 + coalesce('[
              0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,
              0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
              0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,
              0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
              0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,
              0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
              0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,
              0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2
            ]' ->> t, 0)
          )) t1
          JOIN json_each(json_array((a0_.value & 0xffffffff) + ((a & b) | (a & c) | (b & c)))) t2
          WHERE block < blocks
        )
        SELECT printf('%08x%08x%08x%08x', a, b, c, d) FROM round
        WHERE block = (SELECT blocks FROM message)
      ))
  FROM key JOIN nodes ON nodes.account = key.account AND nodes.parent = key.path
  WHERE nodes.type IS NULL AND octet_length(nodes.parent || nodes.name) > 128
)
SELECT account, path, items_parent FROM key WHERE text IS NOT NULL;

UPDATE nodes SET items_parent = long_folders.items_parent FROM long_folders
WHERE nodes.type IS NULL AND long_folders.account = nodes.account
  AND long_folders.path = nodes.parent || nodes.name AND length(long_folders.items_parent) = 33;
UPDATE nodes SET parent = long_folders.items_parent FROM long_folders
WHERE octet_length(nodes.parent) > 128
  AND long_folders.account = nodes.account AND long_folders.path = nodes.parent;
DROP TABLE long_folders;

-- The bytes of the rows, as src/storage/db/row-bytes.ts counts them.
UPDATE nodes SET index_bytes = 128 + octet_length(parent || name || coalesce(type, ''));
UPDATE nodes SET index_bytes = index_bytes + 4096 WHERE index_bytes > 1024;
UPDATE nodes SET index_bytes = 2 * index_bytes WHERE items_parent IS NOT NULL;
UPDATE nodes SET index_bytes = 0 WHERE parent = '';

-- Those of a folder include all that is below it.
CREATE TABLE folder_bytes (
  account      TEXT NOT NULL,
  items_parent TEXT NOT NULL,
  parent       TEXT NOT NULL,
  name         TEXT NOT NULL,
  bytes        INTEGER NOT NULL,
  PRIMARY KEY (account, items_parent)
) WITHOUT ROWID;
INSERT INTO folder_bytes
SELECT account, coalesce(items_parent, parent || name), parent, name,
  index_bytes + (
    SELECT coalesce(sum(d.index_bytes), 0) FROM nodes d
    WHERE d.account = nodes.account AND d.type IS NOT NULL
      AND d.parent = coalesce(nodes.items_parent, nodes.parent || nodes.name)
  )
FROM nodes WHERE type IS NULL;
UPDATE nodes SET index_bytes = total.bytes
FROM (
  WITH RECURSIVE part (account, parent, name, bytes) AS (
    SELECT account, parent, name, bytes FROM folder_bytes
    UNION ALL
    SELECT above.account, above.parent, above.name, part.bytes
    FROM part JOIN folder_bytes above
      ON above.account = part.account AND above.items_parent = part.parent
  )
  SELECT account, parent, name, sum(bytes) AS bytes FROM part GROUP BY account, parent, name
) total
WHERE nodes.account = total.account AND nodes.parent = total.parent AND nodes.name = total.name;
DROP TABLE folder_bytes;
