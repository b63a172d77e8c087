-- `origin` in place of `synthetic`, true or false. In JSON text such a key is always written without spaces, and a
-- string that holds the same words has a backslash before each quotation mark.
UPDATE volumes SET info =
  replace(replace(info, '"synthetic":true', '"origin":"synthetic"'), '"synthetic":false', '"origin":"measured"');
UPDATE contents SET info =
  replace(replace(info, '"synthetic":true', '"origin":"synthetic"'), '"synthetic":false', '"origin":"measured"');
UPDATE evaluations SET result =
  replace(replace(result, '"synthetic":true', '"origin":"synthetic"'), '"synthetic":false', '"origin":"measured"');
