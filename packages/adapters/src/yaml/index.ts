export { readYaml, type Place, type YamlText } from "./read-yaml.ts";
